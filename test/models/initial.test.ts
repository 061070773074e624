import { describe, expect, it } from "vitest";
import { createFanfare, FanfareError, silentLog, type Fanfare } from "fanfare";
import { fakeClock, turns } from "fanfare/testing";
import { model, type ModelOptions } from "fanfare/models";
import type { CapturedRow } from "../../src/contract/captured.ts";
import { cars, change, skoda, truncated, type Car } from "./cars.ts";
import { schemaOf, type Viewing } from "./heard.ts";
import { ShownTable } from "./shown-table.ts";

const fields = ["id", "make", "year"] as const;
const lada = { ...skoda, id: "2", make: "Lada", year: "1999" };
const fiat = { ...skoda, id: "3", make: "Fiat", owner: "bob" };

type Options = Partial<ModelOptions<Car, Viewing, (typeof fields)[number]>>;

/** A server with a model of cars, whose table can be read. */
class Stage implements AsyncDisposable {
  readonly table = new ShownTable();
  readonly fanfare: Fanfare<Viewing>;
  readonly #topic: ReturnType<typeof model>["topic"];

  constructor(options: Options = {}) {
    const clock = fakeClock();
    const Model = model(cars, { name: "Car", fields, source: this.table, clock, log: silentLog, ...options });
    this.#topic = Model.topic;
    this.fanfare = createFanfare<Viewing>({ schema: schemaOf(Model), log: silentLog });
    for (const row of [skoda, lada, fiat]) this.table.rows.set(String(row["id"]), row);
  }

  /** Writes a row and publishes the change, as a source and its relay do. */
  async write(before: CapturedRow | null, after: CapturedRow | null): Promise<void> {
    const id = String((after ?? before)?.["id"]);
    if (after) this.table.rows.set(id, after);
    else this.table.rows.delete(id);
    const transaction = String((this.table.transaction += 1));
    await this.fanfare.publish(this.#topic, change(before, after, { transaction }));
  }

  async truncate(): Promise<void> {
    await this.fanfare.publish(this.#topic, truncated);
  }

  /** The results until the end of the topic. */
  async told(query: string, context: Viewing = {}, then: () => Promise<void> = () => Promise.resolve()) {
    const results = await this.fanfare.subscribe({ query: `subscription { ${query} }`, context });
    await then();
    await turns(10);
    await this.fanfare.end(this.#topic);
    const told: unknown[] = [];
    for await (const { data, errors } of results) told.push(errors ? { errors } : Object.values(data ?? {})[0]);
    return told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fanfare[Symbol.asyncDispose]();
  }
}

describe("`initial: true`", () => {
  it("delivers the existing rows, then their changes", async () => {
    await using stage = new Stage();
    const query = "carChanged(initial: true) { action id before { id } after { make } changed moved at }";
    const told = await stage.told(query, {}, () => stage.write(lada, { ...lada, year: "2000" }));
    const rest = { before: null, changed: [], moved: false, at: expect.stringMatching(/Z$/) };
    expect(told).toEqual([
      { action: "SNAPSHOT", id: "1", after: { make: "Skoda" }, ...rest },
      { action: "SNAPSHOT", id: "2", after: { make: "Lada" }, ...rest },
      { action: "SNAPSHOT", id: "3", after: { make: "Fiat" }, ...rest },
      { ...rest, action: "UPDATED", id: "2", before: { id: "2" }, after: { make: "Lada" }, changed: ["year"] },
    ]);
  });

  it("leaves out the changes that the snapshot includes, and no others", async () => {
    await using stage = new Stage();
    stage.table.transaction = 7;
    stage.table.meanwhile = async () => {
      // A change that commits before the snapshot and arrives late, and a change that commits after it.
      const late = change(lada, { ...lada, year: "1" }, { transaction: "7" });
      await stage.fanfare.publish("table:public:cars", late);
      await stage.write(skoda, { ...skoda, year: "2" });
    };
    const told = await stage.told("carChanged(initial: true) { action id after { year } }");
    expect(told.slice(3)).toEqual([{ action: "UPDATED", id: "1", after: { year: 2 } }]);
  });

  it.each<[query: string, ids: readonly string[]]>([
    [`where: { make: { eq: "Lada" } }`, ["2"]],
    [`where: { year: { gte: 2000 } }`, ["1", "3"]],
    [`where: { or: [{ make: { eq: "Lada" } }, { make: { eq: "Fiat" } }] }`, ["2", "3"]],
    [`id: "3"`, ["3"]],
    [`id: "3", where: { make: { eq: "Lada" } }`, []],
    [`actions: [SNAPSHOT]`, ["1", "2", "3"]],
    [`actions: [CREATED]`, []],
  ])("is limited by the criteria: %s", async (args, ids) => {
    await using stage = new Stage();
    const told = await stage.told(`carChanged(initial: true, ${args}) { id }`);
    expect(told).toEqual(ids.map((id) => ({ id })));
  });

  it("selects rows in the database by the equalities of `where`", async () => {
    await using stage = new Stage({ initialLimit: 10 });
    await stage.told(
      `carChanged(initial: true, id: "3", where: { make: { eq: "Fiat" }, year: { gt: 1, eq: 2021 } }) { id }`,
    );
    await stage.told(`carChanged(initial: true, where: { not: { make: { eq: "Fiat" } } }) { id }`);
    const request = { table: { schema: "public", name: "cars" }, key: ["id"], limit: 10 };
    expect(stage.table.requests).toEqual([
      { ...request, equal: { id: "3", make: "Fiat", year: "2021" } },
      { ...request, equal: {} },
    ]);
  });

  it("shows each viewer the visible rows", async () => {
    await using stage = new Stage({ visible: (row, { viewer }) => row.owner === viewer });
    const query = "carChanged(initial: true) { id }";
    expect(await stage.told(query, { viewer: "bob" })).toEqual([{ id: "3" }]);
    expect(await stage.told(query, { viewer: "ada" })).toEqual([{ id: "1" }, { id: "2" }]);
  });

  it("is told of a truncation like any other operation", async () => {
    await using stage = new Stage();
    const told = await stage.told("carChanged(initial: true) { id }", {}, () => stage.truncate());
    expect(told[3]).toMatchObject({ errors: [{ extensions: { code: "TABLE_TRUNCATED" } }] });
  });

  it("is not read without the argument", async () => {
    await using stage = new Stage();
    expect(await stage.told("carChanged { id }", {}, () => stage.write(null, { ...fiat, id: "4" }))).toEqual([
      { id: "4" },
    ]);
    expect(await stage.told("carChanged(initial: false) { id }")).toEqual([]);
    expect(stage.table.requests).toEqual([]);
  });

  it("is refused with INITIAL_UNAVAILABLE without a source", async () => {
    const Model = model(cars, { name: "Car", fields });
    await using fanfare = createFanfare({ schema: schemaOf(Model), log: silentLog });
    await using results = await fanfare.subscribe({ query: "subscription { carChanged(initial: true) { id } }" });
    const message = "initial needs the option `source` of the model Car";
    expect((await results.next()).value).toEqual({
      errors: [{ message, extensions: { code: "INITIAL_UNAVAILABLE" } }],
    });
  });

  it("is refused with TOO_MANY_ROWS above the limit", async () => {
    await using stage = new Stage({ initialLimit: 2 });
    const [told] = await stage.told("carChanged(initial: true) { id }");
    const message = "There are more than 2 rows of Car to begin with; narrow `where`";
    expect(told).toEqual({ errors: [{ message, extensions: { code: "TOO_MANY_ROWS" } }] });
    expect(await stage.told(`carChanged(initial: true, where: { make: { eq: "Lada" } }) { id }`)).toHaveLength(1);
  });

  it.each([
    [
      "a database that is away",
      new FanfareError("SOURCE_UNAVAILABLE", "no route"),
      "The rows of Car cannot be read now; subscribe again",
    ],
    [
      "a value that no row can have",
      new FanfareError("BAD_VALUE", "no such value", { cause: new Error('invalid input value for enum mood: "nope"') }),
      'A value in `id` or `where` is none that a row of Car can have: invalid input value for enum mood: "nope"',
    ],
    ["a table that is not there", new FanfareError("SOURCE_NOT_READY", "no such table"), "Internal server error"],
    ["a failure of its own", new Error("odd"), "Internal server error"],
  ])("is an error for %s", async (_what, failure, message) => {
    await using stage = new Stage();
    stage.table.failure = failure;
    expect(await stage.told("carChanged(initial: true) { id }")).toMatchObject([{ errors: [{ message }] }]);
  });
});
