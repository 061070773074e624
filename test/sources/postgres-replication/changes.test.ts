import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAfter, placeId } from "../../../src/contract/place.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import { Capture, CapturedDatabase, NotingLog, openServer, table } from "./capture.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const cars = "create table cars (id int primary key, make text, price numeric(10, 2))";

/** Opens a database with a table of cars, and reads its changes. */
async function garage(sql: string = cars, tables = [table("cars")]) {
  const database = await CapturedDatabase.open(server, sql, tables);
  const capture = new Capture(database);
  await capture.ready();
  return {
    database,
    capture,
    query: (text: string, values: unknown[] = []) => database.pool.query(text, values),
    /** The changes up to that of the row `last`. */
    async changed(last: string) {
      await capture.until((captured) => captured.some((one) => "after" in one && one.after?.["make"] === last));
      return capture.captured.map((one) => {
        if (one.kind !== "change") return one.kind;
        const { action, before, after, moved } = one;
        return { action, before, after, moved };
      });
    },
    async [Symbol.asyncDispose]() {
      await capture[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const saab = { id: "1", make: "Saab", price: "1.00" };
const end = { action: "CREATED", before: null, after: { id: "99", make: "end", price: null }, moved: false };
const insertEnd = "insert into cars values (99, 'end')";

describe("postgresReplication: changes", () => {
  it("are captured with the row before and after", async () => {
    await using at = await garage();
    await at.query("insert into cars values (1, 'Saab', 1)");
    await at.query("update cars set price = 2.5");
    await at.query("delete from cars");
    await at.query(insertEnd);
    const dearer = { ...saab, price: "2.50" };
    expect(await at.changed("end")).toEqual([
      { action: "CREATED", before: null, after: saab, moved: false },
      { action: "UPDATED", before: saab, after: dearer, moved: false },
      { action: "DELETED", before: dearer, after: null, moved: false },
      end,
    ]);
  });

  it("are captured when they commit, and never when they are rolled back", async () => {
    await using at = await garage();
    await at.query("begin; insert into cars values (1, 'Saab', 1); rollback");
    await at.query(`begin; insert into cars values (2, 'Volvo', 1); savepoint a; insert into cars values (3, 'Lada', 1);
      rollback to a; commit`);
    await at.query(insertEnd);
    await at.changed("end");
    expect(at.capture.changes.map(({ after }) => after?.["make"])).toEqual(["Volvo", "end"]);
  });

  it("have the time of their commit, their transaction, and places in their order", async () => {
    await using at = await garage();
    const before = Date.now();
    await at.query("insert into cars values (1, 'Saab', 1), (2, 'Volvo', 1)");
    const { rows } = await at.query(`with inserted as (insert into cars values (99, 'end') returning xmin)
      select pg_current_xact_id()::text as id from inserted`);
    await at.changed("end");
    const [first, second, third] = at.capture.changes;
    if (!first || !second || !third) throw new Error("Three changes were made");
    expect([first.transaction === second.transaction, third.transaction]).toEqual([true, rows[0]?.id]);
    expect(first.at).toBeGreaterThanOrEqual(before - 1);
    expect(third.at).toBeLessThanOrEqual(Date.now());
    expect(isAfter(second.place, first.place) && isAfter(third.place, second.place)).toBe(true);
    expect(second.place.major).toBe(first.place.major);
    expect(third.place.major).toBeGreaterThan(second.place.major);
  });

  it("of a primary key are captured as DELETED and CREATED, both moved", async () => {
    await using at = await garage();
    await at.query("insert into cars values (1, 'Saab', 1)");
    await at.query("begin; update cars set id = 2, make = 'Volvo'; update cars set make = 'end'; commit");
    expect((await at.changed("end")).slice(1)).toEqual([
      { action: "DELETED", before: saab, after: null, moved: true },
      { action: "CREATED", before: null, after: { ...saab, id: "2", make: "Volvo" }, moved: true },
      {
        action: "UPDATED",
        before: { ...saab, id: "2", make: "Volvo" },
        after: { ...saab, id: "2", make: "end" },
        moved: false,
      },
    ]);
    const [, deleted, created, updated] = at.capture.changes;
    if (!deleted || !created || !updated) throw new Error("Three changes were made");
    expect([isAfter(created.place, deleted.place), isAfter(updated.place, created.place)]).toEqual([true, true]);
  });

  it("that change no value are not captured", async () => {
    await using at = await garage();
    await at.query("insert into cars values (1, 'Saab', 1)");
    await at.query("update cars set make = 'Saab'");
    await at.query(insertEnd);
    expect(await at.changed("end")).toEqual([{ action: "CREATED", before: null, after: saab, moved: false }, end]);
  });

  it("have an unchanged TOASTed value before and after", async () => {
    await using at = await garage(`${cars}; alter table cars alter make set storage external`);
    const large = "x".repeat(10_000);
    await at.query("insert into cars values (1, $1, 1)", [large]);
    await at.query("update cars set price = 2");
    await at.query(insertEnd);
    const [, updated] = await at.changed("end");
    expect(updated).toMatchObject({
      action: "UPDATED",
      before: { make: large },
      after: { make: large, price: "2.00" },
    });
  });

  it("by TRUNCATE are captured as a truncation of each table", async () => {
    const more = "create table other (id int primary key); create table parts (id int primary key)";
    await using at = await garage(`${cars}; ${more}`, [table("cars"), table("parts")]);
    await at.query("insert into cars values (1, 'Saab', 1)");
    await at.query("truncate cars, other, parts");
    await at.query(insertEnd);
    expect(await at.changed("end")).toHaveLength(4);
    const truncations = at.capture.captured.filter(({ kind }) => kind === "truncation");
    expect(new Set(truncations.map((one) => "table" in one && one.table.name))).toEqual(new Set(["cars", "parts"]));
    const ids = at.capture.captured.map(({ place }) => placeId(place));
    expect(new Set(ids).size).toBe(4);
  });

  it("of tables in other schemas and with quoted names are captured with these names", async () => {
    const sql = `create schema "My $chema"; create table "My $chema"."T""a'b.le" ("I d" int, "co'l" text, primary key ("I d"));
      create schema empty; create table empty."T""a'b.le" (id int primary key)`;
    const odd = table(`T"a'b.le`, "My $chema");
    await using at = await garage(sql, [odd]);
    await at.query(`insert into empty."T""a'b.le" values (1)`);
    await at.query(`insert into "My $chema"."T""a'b.le" values (1, 'a')`);
    await at.query(`update "My $chema"."T""a'b.le" set "I d" = 2`);
    await at.capture.until(({ length }) => length === 3);
    expect(
      at.capture.changes.map(({ table: { schema, name }, after, moved }) => [{ schema, name }, after, moved]),
    ).toEqual([
      [odd, { "I d": "1", "co'l": "a" }, false],
      [odd, null, true],
      [odd, { "I d": "2", "co'l": "a" }, true],
    ]);
  });

  it("of a partitioned table are captured as that table's, and a row that moves as DELETED and CREATED", async () => {
    const sql = `create table cars (id int, make text, primary key (id)) partition by range (id);
      create table few partition of cars for values from (0) to (100);
      create table many partition of cars for values from (100) to (1000)`;
    await using at = await garage(sql);
    await at.query("insert into cars values (1, 'Saab')");
    await at.query("insert into many values (100, 'Volvo')");
    await at.query("update cars set id = 200, make = 'end' where id = 1");
    await at.changed("end");
    expect(at.capture.changes.map(({ table: { name }, action, after }) => [name, action, after?.["id"]])).toEqual([
      ["cars", "CREATED", "1"],
      ["cars", "CREATED", "100"],
      ["cars", "DELETED", undefined],
      ["cars", "CREATED", "200"],
    ]);
  });

  it("have the columns of their time while columns are added, changed and dropped", async () => {
    await using at = await garage();
    await at.query("insert into cars values (1, 'Saab', 1)");
    await at.query("alter table cars add column colours text[] default '{red}'");
    await at.query("update cars set price = 2");
    await at.query("alter table cars rename column price to cost; alter table cars alter column cost type int");
    await at.query("insert into cars values (2, 'Volvo', 7, '{blue,green}')");
    await at.query("alter table cars drop column colours, drop column cost");
    await at.query("update cars set make = 'end' where id = 1");
    const [, updated, created, last] = await at.changed("end");
    expect(updated).toMatchObject({
      before: { ...saab, colours: '["red"]' },
      after: { ...saab, price: "2.00", colours: '["red"]' },
    });
    expect(created).toMatchObject({ after: { id: "2", make: "Volvo", cost: "7", colours: '["blue", "green"]' } });
    expect(last).toMatchObject({ before: { id: "1", make: "Saab" }, after: { id: "1", make: "end" } });
  });

  it("of 100,000 rows at once are complete, come in batches, and are not read again", async () => {
    await using at = await garage();
    await at.query("insert into cars select n, 'Saab', n from generate_series(1, 100000) n");
    await at.query("update cars set price = price + 1");
    await at.query("insert into cars values (100001, 'end')");
    await at.capture.until(({ length }) => length === 200_001);
    expect(Math.max(...at.capture.batches.map(({ changes }) => changes.length))).toBe(1000);
    const places = at.capture.captured.map(({ place }) => place);
    expect(places.every((place, index) => index === 0 || isAfter(place, places[index - 1] ?? place))).toBe(true);
    const updated = at.capture.changes.slice(100_000, 200_000);
    expect(updated.every(({ before, after }) => Number(after?.["price"]) === Number(before?.["price"]) + 1)).toBe(true);
  });

  it("of a table without `replica identity full` are captured as a truncation, once per transaction, which is logged", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    const log = new NotingLog();
    await using capture = new Capture(database, { log });
    await capture.ready();
    await database.pool.query("insert into cars values (1, 'Saab', 1), (2, 'Volvo', 2)");
    await database.pool.query("alter table cars replica identity default");
    await database.pool.query("begin; update cars set price = 3; delete from cars where id = 1; commit");
    await database.pool.query("alter table cars replica identity full");
    await database.pool.query("update cars set price = 4 where id = 2");
    await capture.until(({ length }) => length >= 4);
    const kinds = capture.captured.map((one) => (one.kind === "change" ? one.action : one.kind));
    expect(kinds).toEqual(["CREATED", "CREATED", "truncation", "UPDATED"]);
    expect(log.lines.map(({ level, details }) => [level, details["table"]])).toEqual([["error", "public.cars"]]);
  });
});

describe("postgresReplication: events published in a transaction", () => {
  it("come in their place among its changes, when it commits", async () => {
    await using at = await garage();
    await at.query("begin; select fanfare.publish('lost', '1'); rollback");
    await at.query(`begin; insert into cars values (1, 'Saab', 1); select fanfare.publish('rooms', '{"a": [1, "ü"]}', 'e1');
      select fanfare.publish('bare', 'null'); insert into cars values (99, 'end'); commit`);
    await at.changed("end");
    expect(
      at.capture.captured.map((one) => (one.kind === "event" ? [one.topic, one.payload, one.id] : one.kind)),
    ).toEqual(["change", ["rooms", { a: [1, "ü"] }, "e1"], ["bare", null, undefined], "change"]);
  });

  it("cannot be published by a role without the right", async () => {
    await using at = await garage();
    await at.query("create role stranger login; grant insert on cars to stranger");
    await at.query("grant usage on schema fanfare to stranger");
    const stranger = await server.client({ database: at.database.name, user: "stranger" });
    await expect(stranger.query("select fanfare.publish('a', '1')")).rejects.toThrow("permission denied");
    const forged = `{"topic": "a", "payload": 1, "event": null}`;
    await stranger.query("select pg_logical_emit_message(true, 'fanfare', $1)", [forged]);
    await expect(stranger.query("select key from fanfare.replication_key")).rejects.toThrow("permission denied");
    await stranger.query(insertEnd);
    await stranger.end();
    expect(await at.changed("end")).toEqual([end]);
  });
});
