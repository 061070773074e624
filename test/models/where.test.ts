import { describe, expect, it } from "vitest";
import { model } from "fanfare/models";
import { turns } from "fanfare/testing";
import type { CapturedRow } from "../../src/contract/captured.ts";
import { Executions } from "../server/executions.ts";
import { cars, change, skoda } from "./cars.ts";
import { heard, serverOf } from "./heard.ts";

const Car = model(cars, { name: "Car", fields: ["id", "make", "model", "variant", "year", "updatedAt"] });

const Thing = model(
  {
    name: "things",
    key: "id",
    columns: {
      id: "bigint",
      price: "numeric",
      weight: "double precision",
      sold: "boolean",
      tag: "uuid",
      day: "date",
      madeAt: { name: "made_at", type: "timestamp" },
      document: "jsonb",
      photo: "bytea",
      colours: "text[]",
    },
  },
  { name: "Thing", fields: ["id", "price", "weight", "sold", "tag", "day", "madeAt", "document", "photo", "colours"] },
);

const thing: CapturedRow = {
  id: "9007199254740993",
  price: "10.50",
  weight: "1.5",
  sold: "true",
  tag: "0b8cbd2c-3c3e-4d43-8a40-6c2bd0a5d9f1",
  day: "2026-01-31",
  made_at: "2026-01-31T12:00:00.5",
  document: "{}",
  photo: "\\x",
  colours: "[]",
};

/** Whether an operation with a condition gets a created row. */
async function meets(where: string, row: CapturedRow): Promise<boolean> {
  const [Model, field] = row === thing ? [Thing, "thingChanged"] : [Car, "carChanged"];
  const told = await heard(Model, `${field}(where: ${where}) { action }`, [change(null, row)]);
  expect(told).toEqual(told.length === 0 ? [] : [{ action: "CREATED" }]);
  return told.length > 0;
}

describe("`where`", () => {
  it.each<[condition: string, row: CapturedRow, met: boolean]>([
    [`{}`, skoda, true],
    [`{ make: {} }`, skoda, true],
    [`{ make: null }`, skoda, true],
    [`{ make: { eq: "Skoda" } }`, skoda, true],
    [`{ make: { eq: "skoda" } }`, skoda, false],
    [`{ make: { ne: "Skoda" } }`, skoda, false],
    [`{ make: { ne: "Lada" } }`, skoda, true],
    [`{ make: { in: ["Lada", "Skoda"] } }`, skoda, true],
    [`{ make: { in: "Skoda" } }`, skoda, true],
    [`{ make: { in: [] } }`, skoda, false],
    [`{ make: { gt: "Seat", lt: "Tata" } }`, skoda, true],
    [`{ make: { eq: "Skoda", ne: "Skoda" } }`, skoda, false],
    [`{ id: { eq: "1" } }`, skoda, true],
    [`{ id: { eq: 1 } }`, skoda, true],
    [`{ id: { gt: "0", lt: "10" } }`, skoda, true],
    [`{ year: { gte: 2021 } }`, skoda, true],
    [`{ year: { gt: 2021 } }`, skoda, false],
    [`{ year: { lte: 2021 } }`, skoda, true],
    [`{ year: { lt: 2021 } }`, skoda, false],
    [`{ year: { eq: 2021 }, make: { eq: "Lada" } }`, skoda, false],
    [`{ updatedAt: { eq: "2026-01-31T13:00:00.500+01:00" } }`, skoda, true],
    [`{ updatedAt: { lt: "2026-01-31T12:00:00.500Z" } }`, skoda, false],
    [`{ and: [{ make: { eq: "Skoda" } }, { year: { eq: 2021 } }] }`, skoda, true],
    [`{ and: [] }`, skoda, true],
    [`{ or: [{ make: { eq: "Lada" } }, { year: { eq: 2021 } }] }`, skoda, true],
    [`{ or: [{ make: { eq: "Lada" } }, { year: { eq: 1999 } }] }`, skoda, false],
    [`{ or: [] }`, skoda, false],
    [`{ or: [{ make: { eq: "Lada" } }, {}] }`, skoda, true],
    [`{ not: { make: { eq: "Lada" } } }`, skoda, true],
    [`{ not: { not: { make: { eq: "Lada" } } } }`, skoda, false],
    [`{ make: { eq: "Lada" }, or: [{ make: { eq: "Skoda" } }] }`, skoda, false],
    [`{ id: { eq: "9007199254740993" } }`, thing, true],
    [`{ id: { eq: "9007199254740992" } }`, thing, false],
    [`{ id: { gt: "9007199254740992" } }`, thing, true],
    [`{ price: { eq: "10.5" } }`, thing, true],
    [`{ price: { eq: 10.50 } }`, thing, true],
    [`{ price: { in: ["10.500"] } }`, thing, true],
    [`{ price: { gt: "9.99", lt: "10.500000000000000000001" } }`, thing, true],
    [`{ price: { lt: "-11" } }`, thing, false],
    [`{ weight: { eq: 1.5 } }`, thing, true],
    [`{ weight: { lt: 2 } }`, thing, true],
    [`{ sold: { eq: true } }`, thing, true],
    [`{ sold: { ne: true } }`, thing, false],
    [`{ sold: { gt: false } }`, thing, true],
    [`{ tag: { eq: "0B8CBD2C-3C3E-4D43-8A40-6C2BD0A5D9F1" } }`, thing, true],
    [`{ day: { eq: "2026-01-31" } }`, thing, true],
    [`{ day: { gt: "2025-12-31", lt: "2026-02-01" } }`, thing, true],
    [`{ madeAt: { eq: "2026-01-31T12:00:00.5Z" } }`, thing, true],
  ])("%s", async (condition, row, met) => {
    expect(await meets(condition, row)).toBe(met);
  });

  it.each<[condition: string, met: boolean]>([
    [`{ variant: { eq: "RS" } }`, false],
    [`{ variant: { ne: "RS" } }`, false],
    [`{ variant: { gt: "RS" } }`, false],
    [`{ variant: { lte: "RS" } }`, false],
    [`{ variant: { in: ["RS"] } }`, false],
    [`{ not: { variant: { eq: "RS" } } }`, true],
    [`{ not: { variant: { ne: "RS" } } }`, true],
    [`{ variant: { isNull: true } }`, true],
    [`{ variant: { isNull: false } }`, false],
    [`{ year: { isNull: false } }`, true],
  ])("has a two-valued logic, also for null: %s", async (condition, met) => {
    expect(await meets(condition, skoda)).toBe(met);
  });

  it("takes variables, of which absent ones set no condition", async () => {
    const query = `subscription($make: String, $year: Int) {
      carChanged(where: { make: { eq: $make }, year: { eq: $year } }) { after { model } }
    }`;
    const rows = [skoda, { ...skoda, id: "2", make: "Lada" }, { ...skoda, id: "3", year: "1999" }];
    const told = await heard(
      Car,
      query,
      rows.map((row) => change(null, row)),
      { variables: { make: "Skoda" } },
    );
    expect(told).toHaveLength(2);
  });

  it("compares no documents, bytes and arrays", () => {
    const fields = Object.keys(Thing.whereType.getFields());
    expect(fields).toEqual(["id", "price", "weight", "sold", "tag", "day", "madeAt", "and", "or", "not"]);
  });
});

describe("An invalid `where`", () => {
  it.each<[condition: string, message: string]>([
    [`{ make: { eq: null } }`, "where.make.eq is null, which nothing compares with; ask for isNull"],
    [`{ make: { in: null } }`, "where.make.in is null, which nothing compares with; ask for isNull"],
    [`{ and: [{ not: { make: { isNull: null } } }] }`, "where.and[0].not.make.isNull is null"],
    [`{ id: { eq: "one" } }`, `where.id.eq is "one", but id is an integer`],
    [`{ id: { in: ["1", "1.5"] } }`, `where.id.in[1] is "1.5", but id is an integer`],
    [`{ or: [{ id: { gt: "" } }] }`, `where.or[0].id.gt is "", but id is an integer`],
  ])("is refused with the reason: %s", async (condition, message) => {
    const [told] = await heard(Car, `carChanged(where: ${condition}) { action }`, [change(null, skoda)]);
    expect(told).toEqual({
      errors: [{ message: expect.stringContaining(message), extensions: { code: "BAD_USER_INPUT" } }],
    });
  });

  it.each<[type: "smallint" | "bigint" | "text", value: string, message: string]>([
    ["smallint", "40000", `where.value.eq is "40000", but value is an integer of at most 16 bits`],
    ["bigint", `"9223372036854775808"`, "but value is an integer of at most 64 bits"],
    ["text", String.raw`"a\u0000b"`, "but value is a text"],
  ])("is refused for a value that no %s has: %s", async (type, value, message) => {
    const columns = { id: "integer", value: type } as const;
    const Odd = model({ name: "odds", key: "id", columns }, { name: "Odd", fields: ["id", "value"] });
    const [told] = await heard(Odd, `oddChanged(where: { value: { eq: ${value} } }) { action }`, []);
    expect(told).toEqual({
      errors: [{ message: expect.stringContaining(message), extensions: { code: "BAD_USER_INPUT" } }],
    });
  });

  it.each([
    [`{ colour: { eq: "red" } }`, 'unknown field "colour"'],
    [`{ make: "Skoda" }`, 'Expected value of type "StringWhere" to be an object'],
    [`{ make: { eq: 5 } }`, "String cannot represent a non string value"],
    [`{ year: { eq: "new" } }`, "Int cannot represent non-integer value"],
    [`{ make: { in: [null] } }`, 'Expected value of non-null type "String!" not to be null'],
    [`{ updatedAt: { gt: "yesterday" } }`, "yesterday"],
  ])("is refused by GraphQL's validation: %s", async (condition, message) => {
    const [told] = await heard(Car, `carChanged(where: ${condition}) { action }`, [change(null, skoda)]);
    expect(told).toMatchObject({ errors: [{ message: expect.stringContaining(message) }] });
  });

  it("is refused above the limit of conditions", async () => {
    const query = "subscription($ids: [ID!]) { carChanged(where: { id: { in: $ids } }) { action } }";
    const ids = Array.from({ length: 1_024 }, (_, index) => String(index));
    const [told] = await heard(Car, query, [], { variables: { ids } });
    expect(told).toMatchObject({ errors: [{ message: "where has more than 1024 conditions" }] });
    expect(await heard(Car, query, [change(null, skoda)], { variables: { ids: ids.slice(1) } })).toHaveLength(1);
  });
});

/** The number of cohorts, each with other values, that are executed for a change. */
async function executed(
  conditions: readonly string[],
  before: CapturedRow | null,
  after: CapturedRow,
): Promise<number> {
  using executions = new Executions();
  await using fanfare = serverOf(Car);
  for (const where of conditions) {
    await fanfare.subscribe({ query: `subscription { carChanged(where: ${where}) { action } }` });
  }
  await fanfare.publish(Car.topic, change(before, after));
  // On a busy machine not all cohorts are executed in one turn.
  await turns(60);
  return executions.all.length;
}

describe("The equalities of a `where`", () => {
  const numbers = Array.from({ length: 50 }, (_, index) => index);

  it.each([
    ["of a text", numbers.map((number) => `{ model: { eq: "${number}" } }`)],
    ["of a number", numbers.map((number) => `{ year: { eq: ${number} } }`)],
    ["of a key", numbers.map((number) => `{ id: { eq: "${number}" } }`)],
    ["with something else", numbers.map((number) => `{ year: { eq: ${number} }, make: { gt: "A" } }`)],
    ["of two fields", numbers.map((number) => `{ year: { eq: ${number} }, and: [{ make: { eq: "Skoda" } }] }`)],
    ["of several values", numbers.map((number) => `{ year: { in: [${number}, ${number + 1_000}] } }`)],
    ["of alternatives", numbers.map((number) => `{ or: [{ year: { eq: ${number} } }, { id: { eq: "${number}" } }] }`)],
  ])("are indexed, so that only matching cohorts are executed: %s", async (_what, conditions) => {
    expect(await executed(conditions, null, { ...skoda, id: "7", model: "7", year: "7" })).toBe(1);
  });

  it("find a change by the row before and by the row after", async () => {
    const conditions = numbers.map((number) => `{ year: { eq: ${number} } }`);
    expect(await executed(conditions, { ...skoda, year: "7" }, { ...skoda, year: "8" })).toBe(2);
  });

  it.each([
    ["nothing to compare with", numbers.map((number) => `{ year: { gt: ${number} } }`)],
    [
      "one alternative that is none",
      numbers.map((number) => `{ or: [{ year: { eq: ${number} } }, { id: { gt: "0" } }] }`),
    ],
    ["what must not be", numbers.map((number) => `{ not: { year: { eq: ${number} } } }`)],
    [
      "too many values",
      numbers.map(
        (number) => `{ year: { in: [${[...numbers, ...numbers.map((more) => more + 100 + number)].join(", ")}] } }`,
      ),
    ],
  ])("are not the whole condition: %s", async (_what, conditions) => {
    expect(await executed(conditions, null, { ...skoda, year: "7" })).toBe(50);
  });
});
