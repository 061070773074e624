import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Captured, CapturedChange, CapturedRow, RowAction } from "../../../src/contract/captured.ts";
import {
  installOutbox,
  postgresOutbox,
  publishInTransaction,
  type TableLike,
} from "../../../src/sources/postgres-outbox.ts";
import { isEmbedded } from "../../../src/postgres/database.ts";
import { until } from "../../faults/until.ts";
import { places, type TestDatabase, type TestPlace } from "./databases.ts";
import { Reading } from "./reading.ts";

type Told = readonly [action: RowAction, before: CapturedRow | null, after: CapturedRow | null, moved?: true];

function isEnd(one: Captured | undefined): boolean {
  return one?.kind === "event" && one.topic === "end";
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function told({ action, before, after, moved }: CapturedChange): Told {
  return moved ? [action, before, after, true] : [action, before, after];
}

describe.each(places)("Changes in $name", ({ start }) => {
  let place: TestPlace;
  let database: TestDatabase;

  beforeAll(async () => {
    place = await start();
  });

  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    database = await place.open();
  });

  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  /** Installs the outbox, runs statements, and resolves with the captured changes. */
  async function capture(tables: readonly TableLike[], sql: string, count: number): Promise<readonly Captured[]> {
    await installOutbox(database.client, { tables });
    await using reading = new Reading(postgresOutbox({ client: database.client, tables }));
    await database.run(sql);
    // A marker: surplus changes would come before it.
    await database.run("select fanfare.publish('end', null)");
    await until(
      () => isEnd(reading.captured.at(-1)),
      () => "the end",
    );
    expect(reading.error).toBeUndefined();
    const captured = reading.captured.slice(0, -1);
    expect(captured.length).toBe(count);
    return captured;
  }

  async function changes(tables: readonly TableLike[], sql: string, count: number): Promise<readonly Told[]> {
    return (await capture(tables, sql, count)).filter((one) => one.kind === "change").map(told);
  }

  it("are captured with their rows before and after", async () => {
    await database.run("create table cars (id int primary key, make text)");
    const before = Date.now();
    const captured = await capture(
      ["cars"],
      "insert into cars values (1, 'Skoda'); update cars set make = null; delete from cars",
      3,
    );
    expect(captured.filter((one) => one.kind === "change").map(told)).toEqual([
      ["CREATED", null, { id: "1", make: "Skoda" }],
      ["UPDATED", { id: "1", make: "Skoda" }, { id: "1", make: null }],
      ["DELETED", { id: "1", make: null }, null],
    ]);
    for (const { at, place: of, ...change } of captured) {
      if (change.kind !== "change") throw new Error("a change");
      expect(change.table).toEqual({ schema: "public", name: "cars" });
      expect(at).toBeGreaterThan(before - 2000);
      expect(at).toBeLessThan(Date.now() + 2000);
      expect(of.epoch).toMatch(/^[0-9a-f]{12}$/);
      expect(change.transaction).toMatch(/^\d+$/);
    }
  });

  it("are not captured of an update that changes no value, nor of one that is rolled back", async () => {
    await database.run("create table cars (id int primary key, make text, place point, more json)");
    const sql = `
      insert into cars values (1, 'Skoda', '(1,2)', '{"a":1}');
      update cars set make = 'Skoda', place = '(1,2)', more = '{"a":1}';
      update cars set make = 'none' where false`;
    expect((await changes(["cars"], sql, 1)).map(([action]) => action)).toEqual(["CREATED"]);
    await database.run("begin; update cars set make = 'Fiat'; rollback");
    await database.run("begin; savepoint s; update cars set make = 'Fiat'; rollback to s; commit");
    expect(await changes(["cars"], "update cars set make = 'Seat'", 1)).toHaveLength(1);
  });

  it("are captured of a numeric value's scale: 1.0 is not 1.00", async () => {
    await database.run("create table prices (id int primary key, price numeric)");
    const sql = "insert into prices values (1, 1.0); update prices set price = 1.00";
    expect((await changes(["prices"], sql, 2))[1]).toEqual([
      "UPDATED",
      { id: "1", price: "1.0" },
      { id: "1", price: "1.00" },
    ]);
  });

  it("of a primary key are captured as DELETED and CREATED", async () => {
    await database.run("create table seats (car int, number text, name text, primary key (number, car))");
    const sql = `
      insert into seats values (1, 'a', 'Ada');
      update seats set car = 2;
      update seats set number = 'b', name = 'Bob';
      update seats set name = 'Eve'`;
    expect(await changes(["seats"], sql, 6)).toEqual([
      ["CREATED", null, { car: "1", number: "a", name: "Ada" }],
      ["DELETED", { car: "1", number: "a", name: "Ada" }, null, true],
      ["CREATED", null, { car: "2", number: "a", name: "Ada" }, true],
      ["DELETED", { car: "2", number: "a", name: "Ada" }, null, true],
      ["CREATED", null, { car: "2", number: "b", name: "Bob" }, true],
      ["UPDATED", { car: "2", number: "b", name: "Bob" }, { car: "2", number: "b", name: "Eve" }],
    ]);
  });

  it("are captured of a table without a primary key", async () => {
    await database.run("create table notes (text text)");
    const sql = "insert into notes values ('a'); update notes set text = 'b'; delete from notes";
    expect((await changes(["notes"], sql, 3)).map(([action]) => action)).toEqual(["CREATED", "UPDATED", "DELETED"]);
  });

  it("by TRUNCATE are captured as DELETED of each row", async () => {
    await database.run(
      "create table cars (id int primary key); create table parts (id int primary key, car int references cars)",
    );
    const sql = `
      insert into cars select generate_series(1, 3);
      insert into parts values (7, 1);
      truncate cars cascade`;
    const changed = await changes(["cars", "parts"], sql, 8);
    expect(changed.slice(4).map(([action, before]) => [action, before])).toEqual([
      ["DELETED", { id: "1" }],
      ["DELETED", { id: "2" }],
      ["DELETED", { id: "3" }],
      ["DELETED", { id: "7", car: "1" }],
    ]);
  });

  it("by TRUNCATE under an old snapshot, which cannot see all rows, are captured as a truncation", async () => {
    await database.run("create table cars (id int primary key); insert into cars values (1)");
    const sql = "begin isolation level repeatable read; truncate cars; commit";
    const [truncation] = await capture(["cars"], sql, 1);
    expect(truncation).toMatchObject({ kind: "truncation", table: { schema: "public", name: "cars" } });
  });

  it("by ON CONFLICT, by a foreign key and by a trigger of the table are captured as they happen", async () => {
    await database.run(`
      create table cars (id int primary key, make text);
      create table parts (id int primary key, car int references cars on delete cascade on update cascade);
      create function shout() returns trigger language plpgsql as $$ begin new.make = upper(new.make); return new; end $$;
      create trigger shout before insert or update on cars for each row execute function shout()`);
    const sql = `
      insert into cars values (1, 'a') on conflict (id) do update set make = excluded.make;
      insert into cars values (1, 'b') on conflict (id) do update set make = excluded.make;
      insert into parts values (7, 1);
      update cars set id = 2;
      delete from cars`;
    const changed = await changes(["cars", "parts"], sql, 8);
    expect(changed.map(([action, before, after]) => [action, before ?? after])).toEqual([
      ["CREATED", { id: "1", make: "A" }],
      ["UPDATED", { id: "1", make: "A" }],
      ["CREATED", { id: "7", car: "1" }],
      ["DELETED", { id: "1", make: "B" }],
      ["CREATED", { id: "2", make: "B" }],
      ["UPDATED", { id: "7", car: "1" }],
      ["DELETED", { id: "2", make: "B" }],
      ["DELETED", { id: "7", car: "2" }],
    ]);
  });

  it("of many rows at once come in pages, in their order", async () => {
    const count = isEmbedded(database.client) ? 20_000 : 100_000;
    const batch = count / 20;
    await database.run("create table many (id int primary key, n int)");
    await database.run(`insert into many select g, 0 from generate_series(1, ${count}) g`);
    await installOutbox(database.client, { tables: ["many"] });
    await using reading = new Reading(postgresOutbox({ client: database.client, batch }));
    await database.run("update many set n = 1");
    await until(
      () => reading.captured.length === count,
      () => `${count} changes; captured ${reading.captured.length}`,
    );
    expect(Math.max(...reading.batches.map(({ changes: { length } }) => length))).toBe(batch);
    const seqs = reading.captured.map(({ place: { minor } }) => minor);
    expect(seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0n))).toBe(true);
    expect(new Set(reading.changes.map(({ after }) => after?.["id"])).size).toBe(count);
    expect(reading.batches[0]?.lag.rows).toBe(count);
    expect(reading.batches.at(-1)?.lag.rows).toBe(batch);
  });

  it("of large rows come in smaller pages", async () => {
    await database.run("create table documents (id int primary key, text text)");
    await installOutbox(database.client, { tables: ["documents"] });
    // Random text, since PostgreSQL compresses long values.
    await database.run(`insert into documents
      select n, (select string_agg(md5(random()::text || i), '') from generate_series(1, 32000) i where n > 0)
      from generate_series(1, 12) n`);
    await using reading = new Reading(postgresOutbox({ client: database.client }));
    await reading.until(12);
    const sizes = reading.batches.map(({ changes: { length } }) => length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(9);
    expect(sizes.length).toBeGreaterThan(1);
  });

  it("of tables in other schemas and with any name are captured with these names", async () => {
    const names = [`My "Table"`, "weird.col", "it's", "$fanfare$", "\\x", "Größe", "%s %I"];
    const tables = names.map((name) => ({ schema: "Other Schema", name }));
    await database.run(`create schema "Other Schema"`);
    for (const name of names) {
      await database.run(
        `create table "Other Schema".${quoted(name)} (${quoted(name)} int primary key, "__proto__" text)`,
      );
    }
    const sql = names.map(
      (name) =>
        `insert into "Other Schema".${quoted(name)} values (1, 'x'); update "Other Schema".${quoted(name)} set ${quoted(name)} = 2;`,
    );
    const captured = await capture(tables, sql.join("\n"), names.length * 3);
    for (const [index, table] of tables.entries()) {
      const three = captured.slice(index * 3, index * 3 + 3).filter((one) => one.kind === "change");
      expect(three.map((one) => one.table)).toEqual([table, table, table]);
      expect(three.map(told)).toEqual([
        [
          "CREATED",
          null,
          Object.fromEntries([
            [table.name, "1"],
            ["__proto__", "x"],
          ]),
        ],
        [
          "DELETED",
          Object.fromEntries([
            [table.name, "1"],
            ["__proto__", "x"],
          ]),
          null,
          true,
        ],
        [
          "CREATED",
          null,
          Object.fromEntries([
            [table.name, "2"],
            ["__proto__", "x"],
          ]),
          true,
        ],
      ]);
    }
  });

  it("of a table whose columns change meanwhile are captured with the columns of their time", async () => {
    await database.run("create table cars (id int primary key, make text)");
    const sql = `
      insert into cars values (1, 'a');
      alter table cars add column year int default 2020;
      update cars set make = 'b';
      alter table cars drop column make;
      update cars set year = 2021;
      alter table cars rename column year to built;
      update cars set built = 2022;
      alter table cars alter column built type text;
      update cars set built = 'yesterday'`;
    expect((await changes(["cars"], sql, 5)).map(([, , after]) => after)).toEqual([
      { id: "1", make: "a" },
      { id: "1", make: "b", year: "2020" },
      { id: "1", year: "2021" },
      { id: "1", built: "2022" },
      { id: "1", built: "yesterday" },
    ]);
  });

  it("of a partitioned table are captured with its own name, also when a partition is written to", async () => {
    await database.run(`
      create table logs (day int, text text, primary key (day, text)) partition by range (day);
      create table logs_1 partition of logs for values from (0) to (10);
      create table logs_2 partition of logs for values from (10) to (20) partition by range (day);
      create table logs_2a partition of logs_2 for values from (10) to (15)`);
    const sql = `
      insert into logs values (1, 'a'), (11, 'b');
      insert into logs_2a values (12, 'c');
      create table logs_3 partition of logs for values from (20) to (30);
      insert into logs values (21, 'd');
      update logs set day = 13 where day = 1;
      truncate logs_1, logs_2;
      truncate logs`;
    const captured = await capture(["logs"], sql, 10);
    expect(new Set(captured.map((one) => (one.kind === "change" ? one.table.name : one.kind)))).toEqual(
      new Set(["logs"]),
    );
    const rows = captured.flatMap((one) => (one.kind === "change" ? [one] : []));
    expect(rows.map(({ action, before, after }) => `${action} ${(before ?? after)?.["text"]}`)).toEqual([
      "CREATED a",
      "CREATED b",
      "CREATED c",
      "CREATED d",
      "DELETED a",
      "CREATED a",
      ...["DELETED b", "DELETED c", "DELETED a"],
      "DELETED d",
    ]);
  });

  it("are captured of COPY", async () => {
    await database.run("create table cars (id int primary key, make text)");
    const sql = "copy cars from program 'printf \"1\\\\ta\\\\n2\\\\tb\\\\n\"'";
    const embedded = "insert into cars values (1, 'a'), (2, 'b')";
    const changed = await changes(["cars"], isEmbedded(database.client) ? embedded : sql, 2);
    expect(changed.map(([, , after]) => after)).toEqual([
      { id: "1", make: "a" },
      { id: "2", make: "b" },
    ]);
  });

  it("come together with the events of their transaction, in its order, if it commits", async () => {
    await database.run("create table cars (id int primary key)");
    const { client } = database;
    const captured = await capture(
      ["cars"],
      `begin; select fanfare.publish('rooms', '{"b": [1, null]}', 'mine'); insert into cars values (1);
       select fanfare.publish('rooms', null); commit;
       begin; select fanfare.publish('rooms', '"never"'); rollback`,
      3,
    );
    expect(captured).toMatchObject([
      { kind: "event", topic: "rooms", payload: { b: [1, null] }, id: "mine" },
      { kind: "change", action: "CREATED" },
      { kind: "event", topic: "rooms", payload: null, id: undefined },
    ]);
    const events = [
      { topic: "it's \u0001", payload: { text: "1" }, id: "a'b" },
      { topic: "rooms", payload: undefined },
    ];
    const publish = async (transaction: Parameters<typeof publishInTransaction>[0]): Promise<void> => {
      for (const event of events) await publishInTransaction(transaction, event);
    };
    await using reading = new Reading(postgresOutbox({ client }));
    if (isEmbedded(client)) await client.transaction(publish);
    else {
      const connection = await client.connect();
      await connection.query("begin");
      await publish(connection);
      await connection.query("commit");
      connection.release();
    }
    expect(await reading.until(2)).toMatchObject([events[0], { topic: "rooms", payload: null, id: undefined }]);
  });
});
