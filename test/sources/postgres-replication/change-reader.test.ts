import { describe, expect, it } from "vitest";
import { ChangeReader } from "../../../src/sources/postgres-replication/change-reader.ts";
import type { TextMessage } from "../../../src/sources/postgres-replication/message.ts";
import type { WalMessage } from "../../../src/sources/postgres-replication/waiting-messages.ts";

/** Reads messages, which arrive piece by piece, until none is left. */
async function read(...pieces: readonly (readonly WalMessage[])[]) {
  const left: WalMessage[] = [];
  const coming = [...pieces];
  const reader = new ChangeReader({
    wal: {
      async arrival() {
        if (left.length === 0) left.push(...(coming.shift() ?? []));
      },
      take: () => left.shift(),
      peek: () => left[0],
      taken: 0,
    },
    epoch: "e",
    from: 10n,
    limit: 2,
    prefix: "p",
    isCaptured: () => true,
    describe: () => Promise.reject(new Error("No table comes up")),
    wholeId: BigInt,
    onIncomplete: () => undefined,
  });
  const readings: { at: readonly string[]; end: bigint }[] = [];
  do {
    const { changes, end } = await reader.read(new AbortController().signal);
    readings.push({ at: changes.map(({ place: { major, minor } }) => `${major}:${minor}`), end });
  } while (left.length + coming.length > 0);
  return readings;
}

const text: TextMessage = { kind: "text", transactional: true, prefix: "p", content: '{"topic":"t","payload":1}' };
const begin = (lsn: bigint): WalMessage => ({ kind: "begin", lsn, at: 0, xid: 5 });
const commit = (end: bigint): WalMessage => ({ kind: "commit", end });

describe("The confirmed position of a reading", () => {
  it("follows a transaction when its commit has arrived, together with its last change if possible", async () => {
    expect(await read([begin(20n), text, text, commit(25n), begin(30n), text])).toEqual([
      { at: ["20:0", "20:1"], end: 25n },
      { at: ["30:0"], end: 25n },
    ]);
    expect(await read([begin(20n), text, text, text, commit(25n)])).toEqual([
      { at: ["20:0", "20:1"], end: 10n },
      { at: ["20:2"], end: 25n },
    ]);
  });

  it("waits for the rest of a transaction that has arrived in part", async () => {
    expect(await read([begin(20n)], [text], [commit(25n)], [begin(30n), text, commit(35n)])).toEqual([
      { at: ["20:0"], end: 25n },
      { at: ["30:0"], end: 35n },
    ]);
    expect(await read([begin(20n), text, text], [commit(25n)])).toEqual([{ at: ["20:0", "20:1"], end: 25n }]);
  });

  it("follows the server's keepalive messages, but not within a transaction", async () => {
    expect(await read([{ kind: "progress", end: 15n }])).toEqual([{ at: [], end: 15n }]);
    expect(await read([begin(20n), text, { kind: "progress", end: 40n }])).toEqual([{ at: ["20:0"], end: 10n }]);
    expect(await read([begin(20n), text, commit(25n), { kind: "progress", end: 24n }])).toEqual([
      { at: ["20:0"], end: 25n },
    ]);
  });

  it("ignores messages outside of transactions and of other prefixes, which are numbered all the same", async () => {
    expect(await read([{ ...text, transactional: false }])).toEqual([{ at: [], end: 10n }]);
    expect(await read([begin(20n), { ...text, prefix: "q" }, text, commit(25n)])).toEqual([{ at: ["20:1"], end: 25n }]);
  });
});
