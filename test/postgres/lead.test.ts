import type { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { textRows, type TextRow } from "../../src/postgres/database.ts";
import { expired, expiresIn, leadColumns, LeadRow, LeadTime, localCommit } from "../../src/postgres/lead.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { PostgresServer } from "../servers/postgres.ts";

let server: PostgresServer;
let client: Client;
beforeAll(async () => {
  server = await PostgresServer.open({ settings: { synchronous_standby_names: "away" } });
  client = await server.client();
  await client.query("set synchronous_commit = local");
  await client.query(`create table leads (name text primary key, holder text, ${leadColumns});
    create table work (done int)`);
});
afterAll(async () => {
  await client.end();
  await server[Symbol.asyncDispose]();
});

const cars = new LeadRow("leads", "name = 'cars'");

function run(statement: string, ...values: readonly string[]): Promise<readonly TextRow[]> {
  return textRows(client, `with ${localCommit}${statement}`, values);
}

/** Takes the lease and gives its token; undefined while another process holds it. */
async function take(milliseconds: number, row: LeadRow = cars): Promise<string | undefined> {
  const [taken] = await run(` ${row.take("$1", "token::text as token", ["holder = 'me'"])}`, String(milliseconds));
  return taken?.["token"] ?? undefined;
}

async function write(token: string | undefined, assignment: string): Promise<number> {
  return (await run(` ${cars.write("$1", [assignment], "name")}`, token ?? "")).length;
}

async function work(token: string | undefined): Promise<number> {
  const statement = `, ${cars.guard("$1")} update work set done = done + 1 from led returning done::text`;
  return (await run(statement, token ?? "")).length;
}

describe("The row of a lease", () => {
  beforeEach(async () => {
    await client.query(`truncate leads, work; insert into leads (name) values ('cars'), ('parts');
      insert into work values (0)`);
  });

  it("is taken by one process at a time, with a token in milliseconds, independent of other rows", async () => {
    const before = Date.now();
    const token = await take(60_000);
    expect(Number(token)).toBeGreaterThanOrEqual(before);
    expect(await take(60_000)).toBeUndefined();
    expect(await take(60_000, new LeadRow("leads", "name = 'parts'"))).toBeDefined();
    const rows = await textRows(client, "select name, token::text from leads where holder = 'me' order by name");
    expect(rows[0]).toEqual({ name: "cars", token });
  });

  it("is taken when it has expired or was released, with a higher fencing token", async () => {
    const first = await take(0);
    const second = await take(60_000);
    expect(Number(second)).toBeGreaterThan(Number(first));
    expect(await write(second, expired)).toBe(1);
    expect(Number(await take(60_000))).toBeGreaterThan(Number(second));
  });

  it("gives a higher token even if the row's token is ahead of the clock", async () => {
    const ahead = Date.now() + 3_600_000;
    await client.query("update leads set token = $1", [ahead]);
    expect(await take(60_000)).toBe(String(ahead + 1));
  });

  it("is renewed, and fences other writes, for its token only", async () => {
    const first = await take(0);
    expect([await write(first, expiresIn("'0'")), await work(first)]).toEqual([1, 1]);
    const second = await take(60_000);
    expect([await write(first, expiresIn("'0'")), await work(first)]).toEqual([0, 0]);
    expect([await write(second, expiresIn("'0'")), await work(second)]).toEqual([1, 1]);
    expect(await textRows(client, "select done::text from work")).toEqual([{ done: "2" }]);
  });

  it("is written while a synchronous standby is unavailable", async () => {
    await client.query("set synchronous_commit = on");
    const token = await take(0);
    expect([await write(token, expiresIn("'0'")), await work(token)]).toEqual([1, 1]);
    await client.query("set synchronous_commit = local");
  });
});

describe("The term of a lease", () => {
  it("counts from before the request to the database, and again from a renewal", () => {
    const clock = fakeClock();
    const time = new LeadTime(clock, 3000);
    expect(time.isLeft).toBe(false);
    const asked = time.ask();
    clock.advance(1000);
    time.renewed(asked);
    clock.advance(1999);
    expect(time.isLeft).toBe(true);
    clock.advance(1);
    expect(time.isLeft).toBe(false);
    time.renewed(time.ask());
    expect(time.isLeft).toBe(true);
  });

  it("counts as expired when the clock was set back, until a later renewal", () => {
    let now = 1_000_000;
    const time = new LeadTime({ ...fakeClock(), now: () => now }, 3000);
    time.renewed(time.ask());
    const asked = time.ask();
    now -= 60_000;
    expect(time.isLeft).toBe(false);
    time.renewed(asked);
    expect(time.isLeft).toBe(false);
    now += 1;
    time.renewed(time.ask());
    expect(time.isLeft).toBe(true);
  });
});
