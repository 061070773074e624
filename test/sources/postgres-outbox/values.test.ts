import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installOutbox, postgresOutbox } from "../../../src/sources/postgres-outbox.ts";
import { isEmbedded } from "../../../src/postgres/database.ts";
import { places, type TestDatabase, type TestPlace } from "./databases.ts";
import { Reading } from "./reading.ts";

/** A column's type, a value in SQL, and its captured text. */
const values: readonly (readonly [type: string, value: string, text: string | null])[] = [
  ["bool", "true", "true"],
  ["smallint", "-32768", "-32768"],
  ["bigint", "9223372036854775807", "9223372036854775807"],
  ["numeric", "12345678901234567890.0001200", "12345678901234567890.0001200"],
  ["numeric(6,2)", "1.5", "1.50"],
  ["numeric", "'NaN'", "NaN"],
  ["float8", "0.1", "0.1"],
  ["float8", "1e-7", "0.0000001"],
  ["float8", "'NaN'", "NaN"],
  ["float8", "'-Infinity'", "-Infinity"],
  ["float4", "16777216", "16777216"],
  ["text", "''", ""],
  ["text", `'a "b" \\ ''c'' ' || chr(10) || chr(128512)`, `a "b" \\ 'c' \n\u{1f600}`],
  ["varchar(5)", "'abc'", "abc"],
  ["char(4)", "'ab'", "ab  "],
  ["bytea", "decode('00ff10', 'hex')", "\\x00ff10"],
  ["uuid", "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
  ["date", "'2026-01-31'", "2026-01-31"],
  ["date", "'infinity'", "infinity"],
  ["date", "'0044-03-15 BC'", "0044-03-15 BC"],
  ["time", "'12:34:56.789'", "12:34:56.789"],
  ["timestamp", "'2026-01-31 12:00:00.123456'", "2026-01-31T12:00:00.123456"],
  ["timestamptz", "'2026-01-31 12:00:00+05:30'", "2026-01-31T06:30:00+00:00"],
  ["timestamptz", "'infinity'", "infinity"],
  ["interval", "'1 day 2 hours'", "1 day 02:00:00"],
  ["json", `'{"b": 1, "a": [1.50, null]}'`, `{"a": [1.50, null], "b": 1}`],
  ["jsonb", `'{"id": 9007199254740993}'`, `{"id": 9007199254740993}`],
  ["json", `'"bare"'`, '"bare"'],
  ["jsonb", `'"1"'`, '"1"'],
  ["jsonb", "'1'", "1"],
  ["jsonb", "'null'", null],
  ["notes", `'"so"'`, '"so"'],
  ["jsonb[]", `array['"1"', '1']::jsonb[]`, '["1", 1]'],
  ["int[]", "'{1,NULL,3}'", "[1, null, 3]"],
  ["int[]", "'{{1,2},{3,4}}'", "[[1, 2], [3, 4]]"],
  ["text[]", `'{"a b","c\\"d",NULL}'`, `["a b", "c\\"d", null]`],
  ["timestamptz[]", "'{2026-01-31 12:00:00+01}'", `["2026-01-31T11:00:00+00:00"]`],
  ["tstzrange", "'[2026-01-31 12:00+01,)'", `["2026-01-31 11:00:00+00",)`],
  ["int4range", "'[1,5)'", "[1,5)"],
  ["inet", "'10.0.0.1/8'", "10.0.0.1/8"],
  ["point", "'(1.5,2)'", "(1.5,2)"],
  ["bit(3)", "b'101'", "101"],
  ["mood", "'so so'", "so so"],
  ["positive", "7", "7"],
  ["pair", "row(1, 'x')", `{"a": 1, "b": "x"}`],
  ["int", "null", null],
];

const tables = `
  create type mood as enum ('good', 'so so');
  create domain positive as int check (value > 0);
  create domain remarks as jsonb;
  create domain notes as remarks not null;
  create type pair as (a int, b text);
  create table things (id int primary key, ${values.map(([type], index) => `c${index} ${type}`).join(", ")},
    twice int generated always as (id * 2) stored)`;

const insert = `insert into things values (1, ${values.map(([, value]) => value).join(", ")})`;

const expected: Readonly<Record<string, string | null>> = {
  id: "1",
  ...Object.fromEntries(values.map(([, , text], index) => [`c${index}`, text])),
  twice: "2",
};

/** Settings of a connection that print the same values differently. */
const peculiar = `set timezone = 'Asia/Kathmandu'; set datestyle = 'German'; set intervalstyle = 'sql_standard';
  set bytea_output = 'escape'; set extra_float_digits = -10`;

describe.each(places)("Values in $name", ({ start }) => {
  let place: TestPlace;
  let database: TestDatabase;

  beforeAll(async () => {
    place = await start();
    database = await place.open();
    await database.run(tables);
    await installOutbox(database.client, { tables: ["things"] });
  });

  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });

  it("keep every digit and have one text, whatever the settings of the writer's connection", async () => {
    await using reading = new Reading(postgresOutbox({ client: database.client }));
    await database.run(`${insert}; delete from things`);
    await database.run(`begin; ${peculiar.replaceAll("set ", "set local ")}; ${insert}; commit`);
    await reading.until(3);
    const [first, second, third] = reading.changes;
    expect(first?.after).toEqual(expected);
    expect(second?.before).toEqual(expected);
    expect(third?.after).toEqual(expected);
  });

  it("have the same text in a snapshot of the table", async () => {
    const source = postgresOutbox({ client: database.client });
    await database.run(peculiar);
    const request = { table: { schema: "public", name: "things" }, key: ["id"], limit: 10 };
    expect((await source.snapshot(request)).rows).toEqual([expected]);
    await database.run("reset all");
  });

  it("select their row in a snapshot", async () => {
    const source = postgresOutbox({ client: database.client });
    for (const [column, text] of Object.entries(expected)) {
      // The type point has no equality.
      const [type = ""] = values[Number(column.slice(1))] ?? [];
      if (type === "point") continue;
      const request = {
        table: { schema: "public", name: "things" },
        key: ["id"],
        limit: 10,
        equal: { [column]: text },
      };
      const { rows } = await source.snapshot(request);
      // A jsonb `null` is captured as null, and does not equal SQL's null.
      expect({ column, type, rows: rows.length }).toEqual({
        column,
        type,
        rows: type === "jsonb" && text === null ? 0 : 1,
      });
    }
  });

  it("of virtual generated columns are computed", async () => {
    const [row] = await database.rows("select current_setting('server_version_num') as version");
    const kind = Number(row?.["version"]) >= 180_000 ? "virtual" : "stored";
    await database.run(`create table sums (id int primary key, "a b" text, t int, r int,
      twice int generated always as (id * 2) ${kind}, loud text generated always as (upper("a b")) ${kind})`);
    await installOutbox(database.client, { tables: ["sums"] });
    await using reading = new Reading(postgresOutbox({ client: database.client, tables: ["sums"] }));
    await database.run(`insert into sums values (1, 'x', 5, 6); update sums set "a b" = 'y'; delete from sums`);
    await reading.until(3);
    const [was, is] = ["x", "y"].map((text) => ({
      id: "1",
      "a b": text,
      t: "5",
      r: "6",
      twice: "2",
      loud: text.toUpperCase(),
    }));
    expect(reading.changes.map(({ before, after }) => [before, after])).toEqual([
      [null, was],
      [was, is],
      [is, null],
    ]);
    // At least one of the two databases has virtual columns.
    expect(isEmbedded(database.client) ? kind : "virtual").toBe("virtual");
  });
});
