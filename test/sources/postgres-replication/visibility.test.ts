import { describe, expect, it } from "vitest";
import { readLsn, writeLsn } from "../../../src/sources/postgres-replication/lsn.ts";
import { Visibility } from "../../../src/sources/postgres-replication/visibility.ts";
import type { PostgresPool } from "../../../src/sources/postgres-replication/pool.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";

/** A database that gives the snapshots one after another. */
function snapshots(...texts: readonly string[]): PostgresPool & { readonly left: string[] } {
  const left = [...texts];
  return {
    left,
    query: async () => ({ rows: [{ snapshot: left.shift() }] }),
    connect: () => Promise.reject(new Error("Nothing is to be connected")),
  };
}

describe("The visibility of transactions", () => {
  it("completes the 32-bit id in the log to 64 bits, by the present ids", async () => {
    const turn = 2n ** 32n;
    const cases: readonly [now: bigint, id: bigint][] = [
      [800n, 799n],
      [800n, 801n],
      [turn + 4n, turn - 6n],
      [turn + 4n, turn + 5n],
      [3n * turn - 2n, 3n * turn + 1n],
      [3n * turn + 7n, 3n * turn - 2_000_000_000n],
    ];
    for (const [now, id] of cases) {
      const visibility = await Visibility.open(snapshots(`${now}:${now}:`), fakeClock());
      expect(visibility.wholeId(Number(id % turn))).toBe(id);
    }
  });

  it("takes snapshots until one includes all transactions, and none if the last one did", async () => {
    const clock = fakeClock();
    const pool = snapshots("5:5:", "7:9:7,8", "7:9:7", "9:9:");
    const visibility = await Visibility.open(pool, clock);
    const waiting = visibility.wait([7n, 8n], new AbortController().signal);
    while (pool.left.length > 0) {
      await Promise.resolve();
      clock.advance(100);
    }
    await waiting;
    await visibility.wait([7n, 8n, 3n], new AbortController().signal);
    expect(pool.left).toEqual([]);
  });
});

describe("A log sequence number", () => {
  it("is printed and parsed in PostgreSQL's form", () => {
    expect(readLsn("16/B374D848")).toBe(0x16b374d848n);
    for (const text of ["0/0", "0/1", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/A"]) {
      expect(writeLsn(readLsn(text))).toBe(text);
    }
  });
});
