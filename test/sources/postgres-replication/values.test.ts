import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CapturedRow } from "../../../src/contract/captured.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import { Capture, CapturedDatabase, openServer, table } from "./capture.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const types = `
create type mood as enum ('sad', 'not so sad', 'glad');
create domain price as numeric(10, 2) check (value >= 0);
create type part as (name text, weight float8, tags text[], made timestamptz, "Odd ""name" int);
create table things (
  id int primary key, "boolean" boolean, "smallint" smallint, "bigint" bigint, "real" real, "double" float8,
  "numeric" numeric, money money, "text" text, "char" char(5), "varchar" varchar(20), name name, bytea bytea,
  date date, time time, timetz timetz, timestamp timestamp, timestamptz timestamptz, interval interval, uuid uuid,
  json json, jsonb jsonb, inet inet, cidr cidr, macaddr macaddr, bit bit(3), varbit varbit, tsvector tsvector,
  int4range int4range, point point, box box, xml xml, regclass regclass, oid oid, mood mood, price price, part part,
  ints int[], texts text[], bools bool[], floats float8[], stamps timestamptz[], days date[], jsons jsonb[],
  moods mood[], prices price[], parts part[], boxes box[], ranges int4range[], byteas bytea[], "O""dd" text
)`;

/** Values by the columns' names; a column that is left out is null. */
const rows: readonly Readonly<Record<string, string>>[] = [
  {
    boolean: "true",
    smallint: "-32768",
    bigint: "9223372036854775807",
    real: "1.5e-7",
    double: "1e+100",
    numeric: "12345678901234567890.1230",
    money: "12.50",
    text: `'a "quoted" \\ Ünï😀 ''text'' {},()'`,
    char: "'ab'",
    varchar: "''",
    name: "'n'",
    bytea: String.raw`'\x00ff10'`,
    date: "'2026-01-31'",
    time: "'12:30:00.5'",
    timetz: "'12:30:00+02'",
    timestamp: "'2026-01-31 12:30:00.123456'",
    timestamptz: "'2026-01-31 12:30:00+02'",
    interval: "'1 year 2 mons -3 days 04:05:06.7'",
    uuid: "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
    json: `'{"a": 1, "b": [true, null]}'`,
    jsonb: `'{"b": [1.50, "x\\u0001"], "a": {"c": null}}'`,
    inet: "'192.168.0.1/24'",
    cidr: "'10.0.0.0/8'",
    macaddr: "'08:00:2b:01:02:03'",
    bit: "'101'",
    varbit: "'1'",
    tsvector: "'a fat cat'",
    int4range: "'[1,10)'",
    point: "'(1.5,2)'",
    box: "'(3,4),(1,2)'",
    xml: "'<a>b</a>'",
    regclass: "'things'",
    oid: "4294967295",
    mood: "'not so sad'",
    price: "1.50",
    part: `('wheel, "big"', 1e-9, array['x', null, 'NULL', ''], '2026-01-31 12:00+00', 7)`,
    ints: "'{1,NULL,-3}'",
    texts: `array['a b', '', 'NULL', null, 'q"\\', '{x,y}', e'\\n\\t\\x01']`,
    bools: "'{t,f,NULL}'",
    floats: "'{1e+20,-0,NaN,Infinity,0.1}'",
    stamps: "'{2026-01-31 12:00:00+00,infinity}'",
    days: "'{2026-01-31}'",
    jsons: `array['{"a": 1}', '"s"', 'null', '[1]']::jsonb[]`,
    moods: `'{"not so sad",glad}'`,
    prices: "'{1.50,2}'",
    parts: "array[row('a', 1, '{}', null, null)::part, null, row(null, null, null, null, null)::part]",
    boxes: "'{(3,4),(1,2);(1,1),(0,0)}'",
    ranges: "'{\"[1,5)\",empty}'",
    byteas: String.raw`array['\x00ff'::bytea, '\x']`,
    'O"dd': "'x'",
  },
  {
    real: "'NaN'",
    double: "'-Infinity'",
    numeric: "'NaN'",
    date: "'infinity'",
    timestamp: "'0044-03-15 12:00:00 BC'",
    timestamptz: "'-infinity'",
    ints: "'[0:1][1:2]={{1,2},{3,4}}'",
    texts: "'{}'",
    jsonb: "'[]'",
    json: "'{}'",
    bytea: "''",
    part: "row(null, '-0', null, '0044-03-15 12:00:00+00 BC', null)",
  },
  { double: "123456789012345680", real: "1e10", timestamptz: "'10000-01-01 00:00:00.1+00'", date: "'0001-01-01 BC'" },
  {},
];

function insert(row: Readonly<Record<string, string>>, id: number): string {
  const names = Object.keys(row).map((name) => `, "${name.replaceAll('"', '""')}"`);
  return `insert into things (id${names.join("")}) values (${[id, ...Object.values(row)].join(", ")})`;
}

describe("postgresReplication: values", () => {
  it("have the form of to_jsonb, also in a snapshot", async () => {
    await using database = await CapturedDatabase.open(server, types, [table("things")]);
    await using capture = new Capture(database);
    await capture.ready();
    for (const [index, row] of rows.entries()) await database.pool.query(insert(row, index));
    await capture.until(({ length }) => length >= rows.length);

    const expected = await asJson(database);
    expect(capture.changes.map(({ after }) => after)).toEqual(expected);

    const source = database.source();
    const snapshot = await source.snapshot({ table: table("things"), key: ["id"], limit: 100 });
    expect(snapshot.rows).toEqual(expected);
    await source[Symbol.asyncDispose]();
  });
});

/** The table's rows as PostgreSQL's `to_jsonb` gives them, in UTC. */
async function asJson(database: CapturedDatabase): Promise<readonly CapturedRow[]> {
  const client = await database.pool.connect();
  await client.query("set timezone = 'UTC'; set search_path = pg_catalog");
  const { rows: found } = await client.query<{ row: CapturedRow }>(
    `select (select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(t))) as row
     from public.things t order by id`,
  );
  client.release(true);
  return found.map(({ row }) => row);
}
