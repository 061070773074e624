import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  installOutbox,
  postgresOutbox,
  type OutboxOptions,
  type PostgresPool,
} from "../../../src/sources/postgres-outbox.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { until } from "../../faults/until.ts";
import { PostgresPlace, type PostgresDatabase } from "./databases.ts";
import { Reading } from "./reading.ts";

let place: PostgresPlace;

beforeAll(async () => {
  place = await PostgresPlace.start();
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
});

async function openCars(): Promise<PostgresDatabase> {
  const database = await place.open();
  await database.run("create table cars (id int primary key, make text); create table parts (id int primary key)");
  await installOutbox(database.client, { tables: ["cars", "parts"] });
  return database;
}

/** The error that ends a source. */
async function failure(options: OutboxOptions): Promise<unknown> {
  await using reading = new Reading(postgresOutbox(options));
  await reading.ended;
  return reading.error;
}

/** The ids of places of a window, in short. */
function ids(major: number, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `${major}:${from + index}`);
}

describe("A database that is not ready", () => {
  const lacking: readonly (readonly [what: string, sql: string, tables: string[], message: RegExp])[] = [
    ["the outbox", "drop table fanfare.outbox", ["cars"], /there is no outbox in the schema "fanfare".*installOutbox/],
    ["a table", "", ["lorries"], /there is no table "public"."lorries"\. Create it, or correct the name/],
    [
      "a trigger",
      "create table vans (id int)",
      ["vans"],
      /the table "public"."vans" has no trigger\. Call installOutbox/,
    ],
    [
      "an enabled trigger",
      "alter table cars disable trigger fanfare_capture",
      ["cars"],
      /the trigger on "public"."cars" is disabled/,
    ],
    [
      "a trigger that knows the primary key",
      "alter table cars drop constraint cars_pkey; alter table cars add primary key (make, id)",
      ["cars"],
      /the trigger on "public"."cars" .* does not know the table's primary key/,
    ],
    ["a column of the outbox", "alter table fanfare.outbox drop column event", ["cars"], /event.*Call installOutbox/],
  ];

  it.each(lacking)("is reported with the remedy: %s", async (_what, sql, tables, message) => {
    await using database = await openCars();
    if (sql !== "") await database.run(sql);
    expect(await failure({ client: database.client, tables })).toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringMatching(message),
    });
  });

  it("is read once it is ready", async () => {
    await using database = await openCars();
    await database.run("create table vans (id int)");
    const options = { client: database.client, tables: ["vans"] };
    expect(await failure(options)).toMatchObject({ code: "SOURCE_NOT_READY" });
    await installOutbox(database.client, { tables: ["vans"] });
    await using reading = new Reading(postgresOutbox(options));
    await reading.leading();
    expect(reading.error).toBeUndefined();
  });

  it("is reported with the remedy: a missing database", async () => {
    const client = place.server.pool({ database: "nowhere" });
    expect(await failure({ client })).toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringMatching(/database "nowhere" does not exist\. Create the database/),
    });
    await client.end();
  });
});

describe("A database that becomes unavailable", () => {
  it("is SOURCE_UNAVAILABLE for a running reader and for a new one, and is read when it is back", async () => {
    await using own = await PostgresPlace.start();
    await using database = await own.open();
    await database.run("create table cars (id int primary key)");
    await installOutbox(database.client, { tables: ["cars"] });
    const source = postgresOutbox({ client: database.client, lease: 1_500 });
    const reading = new Reading(source);
    await reading.leading();
    await own.server.stop();
    await reading.ended;
    expect(reading.error).toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    expect(await failure({ client: database.client })).toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: expect.stringMatching(/could not connect: .*ECONNREFUSED/),
    });
    await own.server.start();
    await database.run("insert into cars values (1)");
    await using again = new Reading(source);
    await again.until(1);
  });

  it("silently is given up after 30 seconds", async () => {
    const clock = fakeClock();
    const client = { connect: () => new Promise<never>(() => undefined) };
    const reading = new Reading(postgresOutbox({ client, clock }));
    clock.advance(29_999);
    await Promise.resolve();
    expect(reading.error).toBeUndefined();
    clock.advance(1);
    await reading.ended;
    expect(reading.error).toMatchObject({ code: "SOURCE_UNAVAILABLE", message: expect.stringContaining("30 s") });
  });
});

describe("One reader of several", () => {
  it("leads; another takes over at its end and continues from there", async () => {
    await using database = await openCars();
    const first = new Reading(postgresOutbox({ client: database.client }));
    await first.leading();
    await using second = new Reading(postgresOutbox({ client: database.client, lease: 3000 }));
    await until(
      () => second.states.includes("standby"),
      () => "standby",
    );
    await database.run("insert into cars values (1)");
    await first.until(1);
    await first[Symbol.asyncDispose]();
    await second.leading();
    await database.run("insert into cars values (2)");
    await second.until(1);
    expect(second.changes.map(({ after }) => after?.["id"])).toEqual(["2"]);
    const [before, after] = [first.batches[0]?.fence, second.batches[0]?.fence];
    expect(after?.scope).toBe(before?.scope);
    expect(after?.token).toBeGreaterThan(before?.token ?? Infinity);
  });

  it("that could not renew its lease for a while continues to lead if no other took over", async () => {
    await using database = await openCars();
    const clock = fakeClock(Date.now());
    const source = postgresOutbox({ client: database.client, clock });
    const end = new AbortController();
    const batches = source.changes(end.signal);
    await database.run("insert into cars values (1), (2)");
    const { value: batch } = await batches.next();
    expect(batch.leads()).toBe(true);
    clock.advance(2999);
    expect(batch.leads()).toBe(true);
    clock.advance(1);
    expect(batch.leads()).toBe(false);
    await batch.confirm();
    await database.run("insert into cars values (3)");
    const { value: next } = await batches.next();
    expect(next.leads()).toBe(true);
    expect(next.fence).toEqual(batch.fence);
    end.abort();
    await batches.return?.();
  });

  it("that no longer leads can neither confirm nor read, and gets LEAD_LOST", async () => {
    await using database = await openCars();
    const end = new AbortController();
    const source = postgresOutbox({ client: database.client });
    const batches = source.changes(end.signal);
    await database.run("insert into cars values (1)");
    const { value: batch } = await batches.next();
    await database.run(
      "update fanfare.outbox_lease set token = token + 1, expires = clock_timestamp() + interval '1 minute'",
    );
    await expect(batch.confirm()).rejects.toMatchObject({ code: "LEAD_LOST" });
    expect(batch.leads()).toBe(false);
    expect(await database.rows("select count(*) from fanfare.outbox")).toEqual([{ count: "1" }]);
    await expect(batches.next()).rejects.toMatchObject({ code: "LEAD_LOST" });
    const [lease] = await database.rows("select expires > clock_timestamp() as held from fanfare.outbox_lease");
    expect(lease).toEqual({ held: "true" });
  });

  it("whose clock was set back does not count its lease as held", async () => {
    await using database = await openCars();
    let back = 0;
    const clock = fakeClock(Date.now());
    const source = postgresOutbox({
      client: database.client,
      clock: {
        ...clock,
        now: () => clock.now() - back,
        after: clock.after.bind(clock),
        every: clock.every.bind(clock),
        defer: clock.defer.bind(clock),
      },
    });
    const end = new AbortController();
    const batches = source.changes(end.signal);
    await database.run("insert into cars values (1)");
    const { value: batch } = await batches.next();
    expect(batch.leads()).toBe(true);
    back = 60_000;
    expect(batch.leads()).toBe(false);
    end.abort();
    await batches.return?.();
  });
});

describe("A batch that is not confirmed", () => {
  it("is read again with the same ids, also after further commits, and by another reader", async () => {
    await using database = await openCars();
    await database.run("insert into cars select generate_series(1, 25)");
    const read = async (batch: number): Promise<readonly string[]> => {
      const source = postgresOutbox({ client: database.client, batch });
      const end = new AbortController();
      const batches = source.changes(end.signal);
      const first = await batches.next();
      await first.value.confirm();
      const second = await batches.next();
      end.abort();
      await batches.return?.();
      await database.run("insert into cars select max(id) + 1 from cars");
      return [first, second].flatMap(({ value }) =>
        value.changes.map(
          (one: { place: { major: bigint; minor: bigint } }) => `${one.place.major}:${one.place.minor}`,
        ),
      );
    };
    expect(await read(10)).toEqual(ids(1, 1, 20));
    expect(await read(4)).toEqual(ids(1, 11, 18));
    // The window ends where it ended before; later changes are in the next window.
    expect(await read(100)).toEqual([...ids(1, 15, 25), ...ids(2, 26, 27)]);
  });
});

describe("A restored or replaced database", () => {
  it.each([
    ["restored into another server", "update fanfare.outbox_progress set identity = 'another'"],
    ["whose transactions have begun anew", "update fanfare.outbox_progress set previous = '900000000:900000000:'"],
  ])("%s begins a new epoch with a truncation of each table", async (_how, sql) => {
    await using database = await openCars();
    const source = postgresOutbox({ client: database.client });
    const before = new Reading(source);
    await database.run("insert into cars values (1)");
    await before.until(1);
    await before[Symbol.asyncDispose]();
    await database.run(`insert into cars values (2); update fanfare.outbox set xid = '800000000'; ${sql}`);

    expect(await failure({ client: database.client })).toMatchObject({ code: "SOURCE_LOST" });
    await using after = new Reading(postgresOutbox({ client: database.client }));
    await after.until(3);
    const [cars, parts, change] = after.captured;
    expect([cars, parts]).toMatchObject([
      { kind: "truncation", place: { major: 0n, minor: 0n }, table: { schema: "public", name: "cars" } },
      { kind: "truncation", place: { major: 0n, minor: 1n }, table: { schema: "public", name: "parts" } },
    ]);
    expect(change).toMatchObject({ kind: "change", action: "CREATED", after: { id: "2" }, place: { major: 1n } });
    const epochs = new Set(after.captured.map(({ place: { epoch } }) => epoch));
    expect(epochs.size).toBe(1);
    expect(epochs.has(before.captured[0]?.place.epoch ?? "")).toBe(false);
  });
});

describe("A reader that is disposed", () => {
  it("leaves no connection open, and throws CLOSED from then on", async () => {
    await using database = await openCars();
    const source = postgresOutbox({ client: database.client });
    const reading = new Reading(source);
    await reading.leading();
    await reading[Symbol.asyncDispose]();
    expect(database.client.totalCount - database.client.idleCount).toBe(0);
    const changes = source.changes(new AbortController().signal);
    await expect(changes.next()).rejects.toMatchObject({ code: "CLOSED" });
    const request = { table: { schema: "public", name: "cars" }, key: ["id"], limit: 1 };
    await expect(source.snapshot(request)).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("A connection of the source", () => {
  it("keeps its settings, since behind a pooler another client gets it next", async () => {
    await using database = await openCars();
    const shown = "select string_agg(name || '=' || setting, ' ' order by name) as all from pg_settings";
    const connection = await database.client.connect();
    const before = (await connection.query(shown)).rows;
    const client: PostgresPool = {
      connect: async () => ({
        query: (text, values) => connection.query(text, values),
        on: (event, listener) => connection.on(event, listener),
        off: (event, listener) => connection.off(event, listener),
        release: () => undefined,
      }),
    };
    const reading = new Reading(postgresOutbox({ client }));
    await database.run("insert into cars values (1)");
    await reading.until(1);
    await reading[Symbol.asyncDispose]();
    expect((await connection.query(shown)).rows).toEqual(before);
    connection.release();
  });
});
