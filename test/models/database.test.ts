import { PGlite } from "@electric-sql/pglite";
import { drizzle } from "drizzle-orm/pglite";
import { eq } from "drizzle-orm";
import {
  bigint,
  boolean,
  customType,
  date,
  doublePrecision,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { model } from "fanfare/models";
import type { Source } from "../../src/contract/source.ts";
import { postgresOutbox } from "../../src/sources/postgres-outbox.ts";
import { schemaOf, type Viewing } from "./heard.ts";

const mood = pgEnum("mood", ["good", "so so"]);
const bytes = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

const things = pgTable("things", {
  id: uuid().primaryKey(),
  count: integer().notNull(),
  big: bigint({ mode: "bigint" }).notNull(),
  price: numeric({ precision: 30, scale: 10 }).notNull(),
  weight: doublePrecision().notNull(),
  sold: boolean().notNull(),
  mood: mood().notNull(),
  day: date().notNull(),
  madeAt: timestamp("made_at").notNull(),
  seenAt: timestamp("seen_at", { withTimezone: true }),
  more: jsonb().notNull(),
  photo: bytes().notNull(),
  tags: text().array().notNull(),
  counts: bigint({ mode: "bigint" }).array().notNull(),
  moods: mood().array().notNull(),
});

type Thing = typeof things.$inferSelect;

const thing: Thing = {
  id: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  count: -7,
  big: 9_223_372_036_854_775_807n,
  price: "12345678901234567890.0000000001",
  weight: 0.1,
  sold: true,
  mood: "so so",
  day: "2026-01-31",
  madeAt: new Date("2026-01-31T12:00:00.123Z"),
  seenAt: null,
  more: { a: [1.5, null, "x"] },
  photo: new Uint8Array([0, 255, 16]),
  tags: ["a b", 'c"d', ""],
  counts: [1n, 9_223_372_036_854_775_807n],
  moods: ["good", "so so"],
};

const createThings = `
  create type mood as enum ('good', 'so so');
  create table things (
    id uuid primary key, count int not null, big bigint not null, price numeric(30, 10) not null,
    weight double precision not null, sold boolean not null, mood mood not null, day date not null,
    made_at timestamp not null, seen_at timestamptz, more jsonb not null, photo bytea not null,
    tags text[] not null, counts bigint[] not null, moods mood[] not null
  );`;

const fields = Object.keys(thing).filter((name): name is keyof Thing => name in thing);
const selection = fields.join(" ");

function thingModel(reader: Source) {
  return model(things, { name: "Thing", fields, source: reader, log: silentLog });
}

describe("A model of a table in a database", () => {
  let client: PGlite;
  let source: Source;
  let fanfare: Fanfare<Viewing>;
  let Thing: ReturnType<typeof thingModel>;

  beforeAll(async () => {
    client = await PGlite.create();
    await client.exec(createThings);
    source = postgresOutbox({ client, tables: ["things"], install: true });
    Thing = thingModel(source);
    fanfare = createFanfare<Viewing>({ schema: schemaOf(Thing), source, models: [Thing], log: silentLog });
    await fanfare.relay?.started;
  });

  afterAll(async () => {
    await fanfare[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
    await client.close();
  });

  // Waits, so that the next test does not get changes of these rows.
  afterEach(async () => {
    await using next = await subscribed("thingDeleted { id }");
    const { affectedRows } = await client.query("delete from things");
    for (let row = 0; row < (affectedRows ?? 0); row += 1) await next();
  });

  /** Starts a subscription; the returned function gives its next result. */
  async function subscribed(query: string): Promise<(() => Promise<unknown>) & AsyncDisposable> {
    const results = await fanfare.subscribe({ query: `subscription { ${query} }` });
    const next = async () => {
      const { data, errors } = (await results.next()).value ?? {};
      return errors ?? Object.values(data ?? {})[0];
    };
    return Object.assign(next, { [Symbol.asyncDispose]: () => results[Symbol.asyncDispose]() });
  }

  it("delivers rows as Drizzle reads them, and each value as it was written", async () => {
    const database = drizzle(client);
    await using next = await subscribed(`thingChanged { action id changed after { ${selection} } before { count } }`);
    await database.insert(things).values(thing);
    const [read] = await database.select().from(things);
    expect(read).toEqual(thing);
    const sent = {
      ...thing,
      big: "9223372036854775807",
      madeAt: "2026-01-31T12:00:00.123Z",
      photo: "AP8Q",
      counts: ["1", "9223372036854775807"],
    };
    const { id } = thing;
    expect(await next()).toEqual({ action: "CREATED", id, changed: [], after: sent, before: null });

    await database
      .update(things)
      .set({ count: 8, seenAt: new Date("2026-02-01T00:00:00Z") })
      .where(eq(things.id, id));
    expect(await next()).toEqual({
      action: "UPDATED",
      id,
      changed: ["count", "seenAt"],
      before: { count: -7 },
      after: { ...sent, count: 8, seenAt: "2026-02-01T00:00:00.000Z" },
    });

    await database.delete(things);
    expect(await next()).toEqual({
      action: "DELETED",
      id,
      changed: [],
      before: { count: 8 },
      after: null,
    });
  });

  it("decodes rows to the values that Drizzle reads", async () => {
    const database = drizzle(client);
    await using next = await subscribed("thingCreated { id }");
    await database.insert(things).values(thing);
    await next();
    const snapshot = await source.snapshot({ table: Thing.table, key: ["id"], limit: 10 });
    const [after = null] = snapshot.rows;
    const decoded = Thing.read({ action: "CREATED", before: null, after, moved: false, at: 0, transaction: "0" });
    expect(decoded?.after).toEqual(thing);
  });

  it("delivers an update of a primary key as DELETED and CREATED, and a truncate as DELETED of each row", async () => {
    await using next = await subscribed("thingChanged { action id moved before { count } after { count } }");
    const database = drizzle(client);
    await database.insert(things).values(thing);
    expect(await next()).toMatchObject({ action: "CREATED", moved: false });
    const id = thing.id.replace("6", "7");
    await database.update(things).set({ id });
    const count = -7;
    expect(await next()).toEqual({
      action: "DELETED",
      id: thing.id,
      moved: true,
      before: { count },
      after: null,
    });
    expect(await next()).toEqual({
      action: "CREATED",
      id,
      moved: true,
      before: null,
      after: { count },
    });
    await client.exec("truncate things");
    expect(await next()).toMatchObject({ action: "DELETED", id, moved: false });
  });

  it("delivers a row to operations whose `where` it meets, and no rolled-back change (S2-B5, S5-B11)", async () => {
    const database = drizzle(client);
    const where = `{ mood: { eq: "so so" }, big: { gt: "9223372036854775806" } }`;
    await using next = await subscribed(`thingChanged(where: ${where}) { action moved after { count } }`);
    const failed = database.transaction(async (transaction) => {
      await transaction.insert(things).values(thing);
      return transaction.rollback();
    });
    await expect(failed).rejects.toThrow("Rollback");
    await database.insert(things).values({ ...thing, mood: "good", count: 1 });
    await database.update(things).set({ mood: "so so" });
    expect(await next()).toEqual({ action: "CREATED", moved: true, after: { count: 1 } });
    await database.update(things).set({ big: 1n });
    expect(await next()).toEqual({ action: "DELETED", moved: true, after: null });
  });

  it("delivers each change of a transaction after the commit, with the values of its own statement (S4-B6)", async () => {
    const database = drizzle(client);
    await using next = await subscribed("thingChanged { action after { count } }");
    await database.transaction(async (transaction) => {
      await transaction.insert(things).values({ ...thing, count: 1 });
      await transaction.update(things).set({ count: 2 });
      await transaction.update(things).set({ count: 3 });
    });
    expect(await next()).toEqual({ action: "CREATED", after: { count: 1 } });
    expect(await next()).toEqual({ action: "UPDATED", after: { count: 2 } });
    expect(await next()).toEqual({ action: "UPDATED", after: { count: 3 } });
  });

  it("begins with the existing rows, none missing and none twice, among concurrent writers", async () => {
    const database = drizzle(client);
    const ids = Array.from({ length: 20 }, (_, index) => `${thing.id.slice(0, -2)}${10 + index}`);
    for (const id of ids.slice(0, 10)) await database.insert(things).values({ ...thing, id });
    const writing = (async () => {
      for (const id of ids.slice(10)) await database.insert(things).values({ ...thing, id });
    })();
    await using next = await subscribed("thingChanged(initial: true) { action id }");
    const told: unknown[] = [];
    while (told.length < ids.length) told.push(await next());
    await writing;
    expect(told.slice(0, 10)).toEqual(ids.slice(0, 10).map((id) => ({ action: "SNAPSHOT", id })));
    expect(told.map((each) => String(Reflect.get(Object(each), "id"))).toSorted()).toEqual(ids);
    await database.insert(things).values(thing);
    expect(await next()).toEqual({ action: "CREATED", id: thing.id });
  });

  it("tolerates a dropped column and an added one", async () => {
    await using next = await subscribed("thingChanged { action after { count seenAt } }");
    await client.exec("alter table things drop column seen_at, add column colour text default 'red'");
    const rest = "count, big, price, weight, sold, mood, day, made_at, more, photo, tags, counts, moods";
    await client.query(
      `insert into things (id, ${rest}) values ($1, 5, 1, 1, 1, true, 'good', now(), now(), '{}', '', '{}', '{}', '{}')`,
      [thing.id],
    );
    expect(await next()).toEqual({ action: "CREATED", after: { count: 5, seenAt: null } });
  });
});
