import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Child } from "../../faults/child.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import { Capture, CapturedDatabase, eventually, openServer, table } from "./capture.ts";
import type { ReadingAnswers } from "./reading-process.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server[Symbol.asyncDispose]());

function openDatabase(): Promise<CapturedDatabase> {
  return CapturedDatabase.open(server, "create table cars (id int primary key)", [table("cars")]);
}

function insert({ pool }: CapturedDatabase, id: number): Promise<unknown> {
  return pool.query("insert into cars values ($1)", [id]);
}

function readApart({ server: at, name, slot }: CapturedDatabase): Child<ReadingAnswers> {
  return new Child("../sources/postgres-replication/reading-process.ts", at.url({ database: name }), slot, "cars");
}

function keys({ changes }: Capture): readonly (string | null | undefined)[] {
  return changes.map(({ after }) => after?.["id"]);
}

describe("postgresReplication: of several processes", () => {
  it("one reads and the others wait; one of them continues at once at its end", async () => {
    await using database = await openDatabase();
    const first = new Capture(database, { lease: 60_000 });
    await first.ready();
    await using second = new Capture(database, { lease: 3_000 });
    await using third = new Capture(database, { lease: 3_000 });
    await Promise.all([second.standingBy(), third.standingBy()]);
    await insert(database, 1);
    await first.until(({ length }) => length === 1);
    await first[Symbol.asyncDispose]();
    await insert(database, 2);
    await eventually(async () => second.captured.length + third.captured.length === 1);
    expect([...keys(second), ...keys(third)]).toEqual(["2"]);
    const [earlier, later] = [first.batches[0]?.fence, [...second.batches, ...third.batches][0]?.fence];
    expect(later?.scope).toBe(earlier?.scope);
    expect(later?.token).toBeGreaterThan(earlier?.token ?? Infinity);
  });

  it("another takes over within five seconds of the leader's death, and reads its unconfirmed changes", async () => {
    await using database = await openDatabase();
    await using dying = readApart(database);
    const reading = dying.ask("read");
    await eventually(() => database.isRead());
    await insert(database, 1);
    expect((await reading).ids).toEqual(["1"]);
    await using heir = new Capture(database);
    await heir.standingBy();
    const killed = performance.now();
    dying.process.kill("SIGKILL");
    await heir.until(({ length }) => length === 1);
    expect(performance.now() - killed).toBeLessThan(5000);
    expect(keys(heir)).toEqual(["1"]);
  });

  it("another takes over within five seconds of a pause, after which the first no longer leads", async () => {
    await using database = await openDatabase();
    await using paused = readApart(database);
    const reading = paused.ask("read");
    await eventually(() => database.isRead());
    await insert(database, 1);
    const { token } = await reading;
    expect(await paused.ask("leads")).toBe(true);
    await using heir = new Capture(database);
    await heir.standingBy();
    const stopped = performance.now();
    paused.process.kill("SIGSTOP");
    await heir.until(({ length }) => length === 1);
    expect(performance.now() - stopped).toBeLessThan(5000);

    paused.process.kill("SIGCONT");
    expect(await paused.ask("leads")).toBe(false);
    expect(await paused.ask("confirm")).toMatch(/^(LEAD_LOST|SOURCE_UNAVAILABLE)$/);
    await insert(database, 2);
    await heir.until(({ length }) => length === 2);
    expect(keys(heir)).toEqual(["1", "2"]);
    expect(heir.batches[0]?.fence.token).toBeGreaterThan(token);
  });

  it("the leader continues after its connection was terminated", async () => {
    await using database = await openDatabase();
    const first = new Capture(database);
    await first.ready();
    await eventually(() => database.isRead());
    const query = "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1";
    await database.pool.query(query, [database.slot]);
    expect(await first.failure()).toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await first[Symbol.asyncDispose]();
    await insert(database, 1);
    await using again = new Capture(database);
    await again.until(({ length }) => length === 1);
  });
});

describe("postgresReplication: its end", () => {
  it("leaves no connection open, and can be repeated", async () => {
    await using database = await openDatabase();
    const source = database.source();
    const controller = new AbortController();
    const reading = source.changes(controller.signal).next();
    await eventually(() => database.isRead());
    await source[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
    expect(await reading).toEqual({ done: true, value: undefined });
    await eventually(async () => !(await database.isRead()));
    await expect(source.changes(controller.signal).next()).rejects.toMatchObject({ code: "CLOSED" });
    const request = { table: table("cars"), key: ["id"], limit: 1 };
    await expect(source.snapshot(request)).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("does not wait for the creation of a slot, which waits for an open transaction", async () => {
    await using database = await openDatabase();
    const open = await server.client({ database: database.name });
    await open.query("begin; insert into cars values (1)");
    const capture = new Capture(database);
    const waiting = "select from pg_stat_activity where query like '%pg_create_logical%' and wait_event_type = 'Lock'";
    await eventually(async () => (await database.pool.query(waiting)).rowCount === 1);
    await capture.stop();
    await capture[Symbol.asyncDispose]();
    expect(capture.states).toEqual([]);
    await open.query("rollback");
    await open.end();
  });
});
