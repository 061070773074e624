import {
  bigint,
  customType,
  date,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  text,
  timestamp,
  uuid,
  type PgColumnBuilderBase,
} from "drizzle-orm/pg-core";
import { describe, expect, it } from "vitest";
import { createFanfare } from "fanfare";
import { model, type ColumnType, type ModelTable } from "fanfare/models";
import { NotingLog } from "../server/noting-log.ts";
import { at, change } from "./cars.ts";
import { heard, schemaOf } from "./heard.ts";

const moment = "2026-01-31T12:00:00.123456+00:00";

/** A table with one column beside its key. */
function tableOf(type: string): ModelTable {
  return Object({ name: "things", key: "id", columns: { id: "integer", value: { type, nullable: true } } });
}

/** The value and the result for a captured text, and its GraphQL type. */
async function decoded(table: ModelTable, captured: string) {
  const Thing = model(table, { name: "Thing", fields: ["id", "value"] });
  const created = change(null, { id: "1", value: captured });
  const [told] = await heard(Thing, "thingCreated { value }", [created]);
  const value: unknown = Reflect.get(Object(told), "value");
  const row: unknown = Thing.read(created)?.after;
  const type = String(Thing.type.getFields()["value"]?.type);
  return {
    type,
    row: Reflect.get(Object(row), "value"),
    sent: value,
    plain: Thing.read(created)?.plain().after?.["value"],
  };
}

/** A moment as a Date, and as it is sent. */
const dated = (iso: string) => [new Date(iso), iso] as const;

const own = (value: PgColumnBuilderBase) => pgTable("things", { id: integer().primaryKey(), value });

describe("A captured text is decoded to a value of its column's type", () => {
  it.each<[type: ColumnType, captured: string, graphqlType: string, value: unknown, sent: unknown, plain?: unknown]>([
    ["smallint", "-7", "Int", -7, -7],
    ["integer", "2147483647", "Int", 2_147_483_647, 2_147_483_647],
    ["bigint", "9223372036854775807", "BigInt", 9_223_372_036_854_775_807n, "9223372036854775807"],
    ["numeric", "12345678901234567890.50", "Decimal", "12345678901234567890.50", "12345678901234567890.50"],
    ["numeric", "NaN", "Decimal", "NaN", "NaN"],
    ["real", "0.1", "Float", 0.1, 0.1],
    ["double precision", "1e+20", "Float", 1e20, 1e20],
    ["boolean", "true", "Boolean", true, true],
    ["boolean", "false", "Boolean", false, false],
    ["text", 'one "two"\n', "String", 'one "two"\n', 'one "two"\n'],
    ["text", "", "String", "", ""],
    ["char", "a  ", "String", "a  ", "a  "],
    ["enum", "dark red", "String", "dark red", "dark red"],
    ["uuid", "0b8cbd2c-3c3e-4d43-8a40-6c2bd0a5d9f1", "String", ...twice("0b8cbd2c-3c3e-4d43-8a40-6c2bd0a5d9f1")],
    ["date", "2026-01-31", "Date", "2026-01-31", "2026-01-31"],
    ["date", "infinity", "Date", "infinity", "infinity"],
    ["date", "0044-03-15 BC", "Date", "0044-03-15 BC", "0044-03-15 BC"],
    ["date", "5874897-12-31", "Date", "5874897-12-31", "5874897-12-31"],
    ["timestamptz", "infinity", "DateTime", "infinity", "infinity"],
    ["timestamp", "-infinity", "DateTime", "-infinity", "-infinity"],
    ["timestamp", "0044-03-15T12:00:00 BC", "DateTime", ...dated("-000043-03-15T12:00:00.000Z")],
    ["timestamptz", "0001-01-01T00:00:00+00:00 BC", "DateTime", ...dated("0000-01-01T00:00:00.000Z")],
    ["timestamptz", "12026-01-31T12:00:00+00:00", "DateTime", ...dated("+012026-01-31T12:00:00.000Z")],
    [
      "timestamptz",
      "294276-12-31T23:59:59.999999+00:00",
      "DateTime",
      "294276-12-31T23:59:59.999999+00:00",
      "+294276-12-31T23:59:59.999999+00:00",
      "294276-12-31T23:59:59.999999+00:00",
    ],
    ["time", "12:00:00.5", "String", "12:00:00.5", "12:00:00.5"],
    ["timestamp", "2026-01-31T12:00:00", "DateTime", new Date(at), "2026-01-31T12:00:00.000Z"],
    ["timestamptz", "2026-01-31T13:00:00+01:00", "DateTime", new Date(at), "2026-01-31T12:00:00.000Z"],
    ["interval", "1 day 02:00:00", "String", "1 day 02:00:00", "1 day 02:00:00"],
    ["inet", "10.0.0.1/8", "String", "10.0.0.1/8", "10.0.0.1/8"],
    ["jsonb", '{"a": [1, null]}', "JSON", { a: [1, null] }, { a: [1, null] }],
    ["json", '"1"', "JSON", "1", "1"],
    ["bytea", "\\x00ff10", "Bytes", new Uint8Array([0, 255, 16]), "AP8Q"],
    ["bytea", "\\x", "Bytes", new Uint8Array([]), ""],
    ["integer[]", "[1, null, -3]", "[Int]", [1, null, -3], [1, null, -3]],
    ["bigint[]", "[9223372036854775807]", "[BigInt]", [9_223_372_036_854_775_807n], ["9223372036854775807"]],
    ["numeric[]", "[1.10, 12345678901234567890.5]", "[Decimal]", ...twice(["1.10", "12345678901234567890.5"])],
    ["text[]", '["a 1", "b\\"2", null, ""]', "[String]", ...twice(["a 1", 'b"2', null, ""])],
    ["boolean[]", "[true, false]", "[Boolean]", ...twice([true, false])],
    ["timestamptz[]", `["${moment}"]`, "[DateTime]", [new Date(at + 123)], ["2026-01-31T12:00:00.123Z"]],
    ["jsonb[]", '[{"a": 1}, "b", 2]', "[JSON]", ...twice([{ a: 1 }, "b", 2])],
    ["bytea[]", '["\\\\x00"]', "[Bytes]", [new Uint8Array([0])], ["AA=="]],
    [
      "integer[][]",
      "[[1, 2], [3, null]]",
      "[[Int]]",
      ...twice([
        [1, 2],
        [3, null],
      ]),
    ],
  ])("%s: %j", async (type, captured, graphqlType, value, sent, plain = sent) => {
    expect(await decoded(tableOf(type), captured)).toEqual({ type: graphqlType, row: value, sent, plain });
  });

  const colour = pgEnum("colour", ["red", "blue"]);
  const money = customType<{ data: { cents: number }; driverData: string }>({
    dataType: () => "numeric(10, 2)",
    fromDriver: (value) => ({ cents: Math.round(Number(value) * 100) }),
  });
  const bytes = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

  it.each([
    ["bigint as a number", own(bigint({ mode: "number" })), "42", "BigInt", 42, "42"],
    ["bigint as a bigint", own(bigint({ mode: "bigint" })), "42", "BigInt", 42n, "42"],
    ["numeric as text", own(numeric({ precision: 10, scale: 2 })), "1.50", "Decimal", "1.50", "1.50"],
    ["numeric as a number", own(numeric({ mode: "number" })), "1.50", "Decimal", 1.5, "1.5"],
    ["numeric as a bigint", own(numeric({ mode: "bigint" })), "150", "Decimal", 150n, "150"],
    ["a date as a Date", own(date({ mode: "date" })), "2026-01-31", "Date", new Date("2026-01-31"), "2026-01-31"],
    [
      "a timestamp as a Date",
      own(timestamp({ precision: 3 })),
      "2026-01-31T12:00:00",
      "DateTime",
      new Date(at),
      "2026-01-31T12:00:00.000Z",
    ],
    [
      "a timestamp with a zone as text",
      own(timestamp({ mode: "string", withTimezone: true })),
      moment,
      "DateTime",
      moment,
      moment,
    ],
    [
      "a timestamp as text",
      own(timestamp({ mode: "string" })),
      "2026-01-31T12:00:00.5",
      "DateTime",
      "2026-01-31T12:00:00.5",
      "2026-01-31T12:00:00.5Z",
    ],
    [
      "a timestamp of long ago as text",
      own(timestamp({ mode: "string" })),
      "0044-03-15T12:00:00.5 BC",
      "DateTime",
      "0044-03-15T12:00:00.5 BC",
      "-000043-03-15T12:00:00.5Z",
    ],
    [
      "a date of long ago as a Date",
      own(date({ mode: "date" })),
      "0044-03-15 BC",
      "Date",
      new Date("-000043-03-15"),
      "0044-03-15 BC",
    ],
    ["an enum of its own", own(colour()), "red", "String", "red", "red"],
    ["an array", own(text().array()), '["a"]', "[String]", ["a"], ["a"]],
    ["an array of enums", own(colour().array()), '["red"]', "[String]", ["red"], ["red"]],
    ["a document", own(jsonb()), "[1]", "JSON", [1], [1]],
    ["bytes of a custom type", own(bytes()), "\\xff", "Bytes", new Uint8Array([255]), "/w=="],
  ])("by Drizzle's mode: %s", async (_what, table, captured, type, row, sent) => {
    expect(await decoded(table, captured)).toMatchObject({ type, row, sent });
  });

  it("by the mapping of a custom type", () => {
    const prices = pgTable("prices", { id: uuid().primaryKey(), price: money() });
    const Price = model(prices, { name: "Price", fields: ["price"] });
    const payload = change(null, { id: "0b8cbd2c-3c3e-4d43-8a40-6c2bd0a5d9f1", price: "12.50" });
    expect(Price.read(payload)?.after?.price).toEqual({ cents: 1_250 });
    expect(Object.keys(Price.whereType.getFields())).toEqual(["and", "or", "not"]);
  });

  it("once for all operations", () => {
    const Thing = model(tableOf("jsonb"), { name: "Thing", fields: ["value"] });
    const payload = change(null, { id: "1", value: "{}" });
    expect(Thing.read(payload)).toBe(Thing.read(payload));
  });
});

describe("A text that is no value of its column's type", () => {
  it.each<[type: ColumnType, captured: string, not: string]>([
    ["integer", "1.5", "an integer"],
    ["integer", "", "an integer"],
    ["bigint", "1e3", "an integer of at most 64 bits"],
    ["numeric", "1,5", "a decimal number"],
    ["double precision", "", "a number"],
    ["boolean", "t", "true or false"],
    ["uuid", "1", "a UUID"],
    ["date", "31.1.2026", "a date"],
    ["timestamptz", "2026-01-31 12:00:00", "a moment"],
    ["timestamp", "2026-02-30T12:00:00", "a moment"],
    ["date", "2026-02-30", "a date"],
    ["date", "0000-01-01", "a date"],
    ["bytea", "00ff", "bytes in hexadecimal"],
    ["integer[]", "{1,2}", "an array, each element an integer"],
    ["integer[]", '["a"]', "an array, each element an integer"],
    ["text[]", '[["a"]]', "an array, each element a text"],
  ])("%s: %j is an error of the results that select it", async (type, captured, not) => {
    const log = new NotingLog();
    const Thing = model(tableOf(type), { name: "Thing", fields: ["id", "value"], log });
    await using fanfare = createFanfare({ schema: schemaOf(Thing), log });
    await using askers = await fanfare.subscribe({ query: "subscription { thingCreated { id value } }" });
    await using others = await fanfare.subscribe({ query: "subscription { thingCreated { id } }" });
    await fanfare.publish(Thing.topic, change(null, { id: "1", value: captured }));
    expect((await others.next()).value).toEqual({ data: { thingCreated: { id: "1" } } });
    expect((await askers.next()).value).toMatchObject({
      data: { thingCreated: { id: "1", value: null } },
      errors: [{ message: "Internal server error", path: ["thingCreated", "value"] }],
    });
    const message = `The column things.value holds ${JSON.stringify(captured)}, which is not ${not}`;
    expect(log.entries).toMatchObject([{ details: { error: { code: "BAD_DECLARATION", message } } }]);
  });

  it("is an error for an operation whose `where` compares it, and no change is missed", async () => {
    const log = new NotingLog();
    const Thing = model(tableOf("integer"), { name: "Thing", fields: ["id", "value"], log });
    await using fanfare = createFanfare({ schema: schemaOf(Thing), log });
    const query = "subscription { thingChanged(where: { value: { gt: 1 } }) { id } }";
    await using results = await fanfare.subscribe({ query });
    await fanfare.publish(Thing.topic, change(null, { id: "1", value: "many" }));
    await fanfare.publish(Thing.topic, change(null, { id: "2", value: "2" }));
    expect((await results.next()).value).toMatchObject({ data: null, errors: [{ message: "Internal server error" }] });
    expect((await results.next()).value).toEqual({ data: { thingChanged: { id: "2" } } });
  });

  it("is an error for all operations if it is the primary key", async () => {
    const Thing = model(tableOf("integer"), { name: "Thing", fields: ["id", "value"] });
    const told = await heard(Thing, `thingChanged(id: "5") { id }`, [change(null, { id: "five", value: "1" })]);
    expect(told).toMatchObject([{ data: null, errors: [{ message: expect.stringContaining('holds "five"') }] }]);
  });
});

describe("A column that is not in the captured row", () => {
  it("is null, which is logged once", async () => {
    const log = new NotingLog();
    const Thing = model(tableOf("integer"), { name: "Thing", fields: ["id", "value"], log });
    const told = await heard(Thing, "thingChanged { changed after { id value } }", [
      change(null, { id: "1" }),
      change({ id: "1", value: "5" }, { id: "1" }),
      change({ id: "1" }, { id: "1", value: "6", colour: "red" }),
    ]);
    expect(told).toEqual([
      { changed: [], after: { id: "1", value: null } },
      { changed: ["value"], after: { id: "1", value: null } },
      { changed: ["value"], after: { id: "1", value: 6 } },
    ]);
    expect(log.entries).toEqual([
      {
        level: "warn",
        message: "A column is not there; its values are null",
        details: { table: "things", column: "value" },
      },
    ]);
  });
});

describe("A column of a type that is not supported", () => {
  it("throws when `visible` reads it, which hides the row", async () => {
    const log = new NotingLog();
    const Thing = model(tableOf("point"), {
      name: "Thing",
      fields: ["id"],
      log,
      visible: (row) => Reflect.get(row, "value") !== undefined,
    });
    expect(await heard(Thing, "thingChanged { id }", [change(null, { id: "1", value: "(1,2)" })])).toEqual([]);
    expect(log.entries[0]?.details).toMatchObject({
      error: { message: "The column things.value is of the type point, which cannot be decoded" },
    });
  });
});

function twice<Value>(value: Value): [Value, Value] {
  return [value, value];
}
