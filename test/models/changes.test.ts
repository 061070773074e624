import { parse, subscribe } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, declare } from "fanfare";
import { model } from "fanfare/models";
import { turns } from "fanfare/testing";
import type { ChangePayload } from "../../src/relay/change-payload.ts";
import { connected } from "../server/connected.ts";
import { Executions } from "../server/executions.ts";
import { NotingLog } from "../server/noting-log.ts";
import { cars, change, skoda, truncated } from "./cars.ts";
import { heard, schemaOf, serverOf, type Viewing } from "./heard.ts";

const fields = ["id", "make", "model", "variant", "year", "updatedAt"] as const;
const Car = model(cars, { name: "Car", fields });

const lada = { ...skoda, id: "2", make: "Lada" };
const old = { ...skoda, year: "1999" };

/** A change of each kind. */
const changes: readonly ChangePayload[] = [
  change(null, skoda),
  change(null, lada),
  change(skoda, old),
  change(lada, { ...lada, variant: "Niva" }),
  change(old, null),
  change(lada, null, { moved: true }),
  change(null, { ...lada, id: "3" }, { moved: true }),
];

describe("A model's subscription fields", () => {
  it("carCreated delivers created rows", async () => {
    expect(await heard(Car, "carCreated { id make }", changes)).toEqual([
      { id: "1", make: "Skoda" },
      { id: "2", make: "Lada" },
    ]);
  });

  it("carUpdated delivers updated rows, of one id or of all", async () => {
    expect(await heard(Car, "carUpdated { id year variant }", changes)).toEqual([
      { id: "1", year: 1999, variant: null },
      { id: "2", year: 2021, variant: "Niva" },
    ]);
    expect(await heard(Car, `carUpdated(id: "2") { id }`, changes)).toEqual([{ id: "2" }]);
    expect(await heard(Car, `carUpdated(id: null) { id }`, changes)).toHaveLength(2);
  });

  it("carDeleted delivers deleted rows as they were, of one id or of all", async () => {
    expect(await heard(Car, "carDeleted { id year }", changes)).toEqual([{ id: "1", year: 1999 }]);
    expect(await heard(Car, `carDeleted(id: "2") { id }`, changes)).toEqual([]);
  });

  it("carChanged delivers all changes, with the rows before and after", async () => {
    const told = await heard(Car, "carChanged { action id before { year } after { year } changed moved at }", changes);
    const rest = { changed: [], moved: false, at: "2026-01-31T12:00:00.000Z" };
    const [then, now] = [{ year: 1999 }, { year: 2021 }];
    expect(told).toEqual([
      { action: "CREATED", id: "1", before: null, after: now, ...rest },
      { action: "CREATED", id: "2", before: null, after: now, ...rest },
      { action: "UPDATED", id: "1", before: now, after: then, ...rest, changed: ["year"] },
      { action: "UPDATED", id: "2", before: now, after: now, ...rest, changed: ["variant"] },
      { action: "DELETED", id: "1", before: then, after: null, ...rest },
      { action: "DELETED", id: "2", before: now, after: null, ...rest, moved: true },
      { action: "CREATED", id: "3", before: null, after: now, ...rest, moved: true },
    ]);
  });

  it("carChanged can be limited to an id and to actions", async () => {
    const told = await heard(Car, `carChanged(id: "1", actions: [UPDATED, DELETED]) { action id }`, changes);
    expect(told).toEqual([
      { action: "UPDATED", id: "1" },
      { action: "DELETED", id: "1" },
    ]);
    expect(await heard(Car, `carChanged(actions: []) { id }`, changes)).toEqual([]);
  });

  it("name changed fields as the schema does, and deliver no update of other columns", async () => {
    const later = { ...skoda, updated_at: "2026-02-01T00:00:00+00:00" };
    const updates = [change(skoda, later), change(skoda, { ...skoda, owner: "bob" })];
    expect(await heard(Car, "carChanged { changed }", updates)).toEqual([{ changed: ["updatedAt"] }]);
    expect(await heard(Car, "carUpdated { id }", updates)).toHaveLength(1);
  });

  it("can be made again under another name, with another name for the id", async () => {
    const subscriptions = { carModelUpdated: Car.updated({ argument: "pk", required: true }) };
    const Alias = { ...Car, subscriptions };
    expect(await heard(Alias, `carModelUpdated(pk: "2") { make variant }`, changes)).toEqual([
      { make: "Lada", variant: "Niva" },
    ]);
    const [refused] = await heard(Alias, "carModelUpdated { make }", changes);
    expect(refused).toMatchObject({
      errors: [{ message: expect.stringContaining('(pk:)" of type "ID!" is required') }],
    });
    const More = { ...Car, subscriptions: { gone: Car.deleted(), made: Car.created(), all: Car.changed() } };
    expect(await heard(More, "gone { id }", changes)).toHaveLength(1);
    expect(await heard(More, "made { id }", changes)).toHaveLength(2);
    expect(await heard(More, "all { id }", changes)).toHaveLength(7);
  });

  it("with an id are found by the index", async () => {
    using executions = new Executions();
    await using fanfare = serverOf(Car);
    for (let id = 1; id <= 50; id += 1) {
      for (const field of ["carUpdated", "carDeleted", "carChanged"]) {
        await fanfare.subscribe({ query: `subscription { ${field}(id: "${id}") { id } }` });
      }
    }
    await fanfare.publish(Car.topic, change(skoda, old));
    expect(executions.all).toHaveLength(2);
  });
});

describe("A model's field that another executor runs", () => {
  it("delivers the same", async () => {
    const schema = schemaOf(Car);
    await using fanfare = createFanfare<Viewing>({ schema, log: new NotingLog() });
    const query = `subscription { carChanged(where: { year: { lt: 2000 } }) { action id moved } }`;
    const results = await subscribe({ schema, document: parse(query), contextValue: {} });
    if (!(Symbol.asyncIterator in results)) throw new Error("The subscription was refused");
    for (const each of [change(null, skoda), change(skoda, old)]) await fanfare.publish(Car.topic, each);
    const moved = { action: "CREATED", id: "1", moved: true };
    expect((await results.next()).value).toEqual({ data: { carChanged: moved } });
    await results.return();
  });
});

describe("A row that begins or ceases to meet `where`", () => {
  const young = "carChanged(where: { year: { gte: 2000 } }) { action id before { year } after { year } changed moved }";
  const [then, now] = [{ year: 1999 }, { year: 2021 }];

  it("is delivered as CREATED and DELETED, with `moved`", async () => {
    const newer = { ...skoda, year: "2022" };
    expect(await heard(Car, young, [change(old, skoda), change(skoda, newer), change(newer, old)])).toEqual([
      { action: "CREATED", id: "1", before: null, after: now, changed: [], moved: true },
      { action: "UPDATED", id: "1", before: now, after: { year: 2022 }, changed: ["year"], moved: false },
      { action: "DELETED", id: "1", before: { year: 2022 }, after: null, changed: [], moved: true },
    ]);
  });

  it("is not delivered while it does not meet `where`, not even its key", async () => {
    const older = { ...old, year: "1998" };
    expect(await heard(Car, young, [change(old, older), change(older, null), change(null, old)])).toEqual([]);
  });

  it("is selected by `actions` according to the delivered action", async () => {
    const created = young.replace("(where", "(actions: [CREATED, DELETED], where");
    const told = await heard(Car, created, [change(old, skoda), change(skoda, { ...skoda, year: "2022" })]);
    expect(told).toMatchObject([{ action: "CREATED", after: now, moved: true }]);
  });

  it("is found by the row before the change, if `where` is indexed", async () => {
    const octavia = `carChanged(where: { year: { eq: 1999 } }) { action before { year } moved }`;
    expect(await heard(Car, octavia, [change(old, skoda)])).toEqual([{ action: "DELETED", before: then, moved: true }]);
  });
});

describe("`visible`", () => {
  const { model: modelFor } = declare<Viewing>();
  const seen: unknown[] = [];
  const Own = modelFor(cars, {
    name: "Car",
    fields,
    visible: (row, context) => {
      seen.push([row.owner, context.viewer]);
      return row.owner === context.viewer;
    },
  });
  const whole = "carChanged { action id before { make } after { make } changed moved }";
  const make = { make: "Skoda" };
  const given = { ...skoda, owner: "bob" };

  it("hides rows from a viewer, before and after a change", async () => {
    const mine = [change(null, skoda), change(skoda, old), change(old, null)];
    expect(await heard(Own, "carChanged { action }", mine, { viewer: "ada" })).toHaveLength(3);
    expect(await heard(Own, "carChanged { action }", mine, { viewer: "bob" })).toEqual([]);
    expect(seen).toContainEqual(["ada", "bob"]);
  });

  it("delivers a row that becomes visible as CREATED, and one that becomes invisible as DELETED", async () => {
    const handed = [change(skoda, given)];
    expect(await heard(Own, whole, handed, { viewer: "ada" })).toEqual([
      { action: "DELETED", id: "1", before: make, after: null, changed: [], moved: true },
    ]);
    expect(await heard(Own, whole, handed, { viewer: "bob" })).toEqual([
      { action: "CREATED", id: "1", before: null, after: make, changed: [], moved: true },
    ]);
    expect(await heard(Own, whole, handed, { viewer: "eve" })).toEqual([]);
  });

  it("combines with `where`", async () => {
    const asked = whole.replace("carChanged", "carChanged(where: { year: { gte: 2000 } })");
    const viewer = "bob";
    expect(await heard(Own, asked, [change(skoda, { ...given, year: "1999" })], { viewer })).toEqual([]);
    expect(await heard(Own, asked, [change({ ...given, year: "1999" }, given)], { viewer })).toMatchObject([
      { action: "CREATED", moved: true },
    ]);
  });

  it.each(["carCreated", "carUpdated", "carDeleted"])("delivers moved rows in carChanged only: %s", async (field) => {
    const viewer = "bob";
    expect(await heard(Own, `${field} { id }`, [change(skoda, given), change(given, skoda)], { viewer })).toEqual([]);
    const mine = [change(null, given), change(given, { ...given, year: "1" }), change(given, null)];
    expect(await heard(Own, `${field} { id }`, mine, { viewer })).toEqual([{ id: "1" }]);
    expect(await heard(Own, `${field} { id }`, mine, { viewer: "eve" })).toEqual([]);
  });

  it("hides the row when it throws, which is logged", async () => {
    const log = new NotingLog();
    const Odd = model(cars, {
      name: "Car",
      fields,
      log,
      visible: () => {
        throw new Error("the list of owners is gone");
      },
    });
    expect(await heard(Odd, "carChanged { id }", [change(null, skoda)])).toEqual([]);
    expect(log.messages).toEqual(["A `visible` failed; its row was hidden"]);
  });

  it("hides the row when it returns a promise", async () => {
    const visible: unknown = Promise.resolve.bind(Promise, true);
    const Odd: typeof Car = Reflect.apply(model, undefined, [cars, { name: "Car", fields, visible }]);
    expect(await heard(Odd, "carChanged { id }", [change(null, skoda)])).toEqual([]);
  });
});

describe("`permissions`", () => {
  const { model: modelFor } = declare<Viewing>();
  const log = new NotingLog();
  const Guarded = modelFor(cars, {
    name: "Car",
    fields: ["id", "make", "year", "owner"],
    log,
    permissions: {
      year: ({ viewer }) => viewer === "ada",
      owner: ({ viewer }) => {
        if (viewer === "mallory") throw new Error("the list of rights is gone");
        return viewer === "ada";
      },
    },
  });
  const whole = "carChanged { before { make year owner } after { make year owner } changed }";
  const all = [change(skoda, { ...old, make: "Lada" }), change(skoda, old)];

  it("show a field only to viewers that may see it, and deliver no update of a hidden field alone", async () => {
    expect(await heard(Guarded, whole, all, { viewer: "ada" })).toEqual([
      {
        before: { make: "Skoda", year: 2021, owner: "ada" },
        after: { make: "Lada", year: 1999, owner: "ada" },
        changed: ["make", "year"],
      },
      {
        before: { make: "Skoda", year: 2021, owner: "ada" },
        after: { make: "Skoda", year: 1999, owner: "ada" },
        changed: ["year"],
      },
    ]);
    expect(await heard(Guarded, whole, all, { viewer: "bob" })).toEqual([
      {
        before: { make: "Skoda", year: null, owner: null },
        after: { make: "Lada", year: null, owner: null },
        changed: ["make"],
      },
    ]);
    expect(await heard(Guarded, "carUpdated { year }", all, { viewer: "bob" })).toEqual([{ year: null }]);
  });

  it("make the field nullable", () => {
    expect(String(Guarded.type.getFields()["year"]?.type)).toBe("Int");
    expect(String(Guarded.type.getFields()["make"]?.type)).toBe("String!");
  });

  it.each([
    `{ year: { eq: 2021 } }`,
    `{ or: [{ not: { owner: { isNull: true } } }] }`,
    `{ make: { eq: "Skoda" }, and: [{ year: { gt: 1 } }] }`,
  ])("refuse a `where` on a hidden field: %s", async (where) => {
    const query = `carChanged(where: ${where}) { id }`;
    expect(await heard(Guarded, query, [change(null, skoda)], { viewer: "ada" })).toEqual([{ id: "1" }]);
    const [refused] = await heard(Guarded, query, [change(null, skoda)], { viewer: "bob" });
    expect(refused).toMatchObject({ errors: [{ extensions: { code: "FORBIDDEN" } }] });
  });

  it("that are withdrawn end a running `where` on the field", async () => {
    let viewer = "ada";
    await using fanfare = createFanfare<Viewing>({ schema: schemaOf(Guarded), log });
    const query = "subscription { carChanged(where: { year: { gt: 2000 } }) { id } }";
    await using results = await fanfare.subscribe({ query, context: () => ({ viewer }) });
    await fanfare.publish(Guarded.topic, change(null, skoda));
    expect((await results.next()).value).toEqual({ data: { carChanged: { id: "1" } } });
    viewer = "bob";
    await fanfare.publish(Guarded.topic, change(null, lada));
    await fanfare.end(Guarded.topic);
    expect(await results.next()).toMatchObject({ done: true });
  });

  it("hide the field when they throw, which is logged", async () => {
    const told = await heard(Guarded, "carCreated { owner }", [change(null, skoda)], { viewer: "mallory" });
    expect(told).toEqual([{ owner: null }]);
    expect(log.messages).toContain("A permission failed; its field was hidden");
  });
});

describe("A truncation", () => {
  const code = "TABLE_TRUNCATED";

  it.each([
    "carChanged { id }",
    `carChanged(id: "1") { id }`,
    `carChanged(where: { make: { eq: "Skoda" } }) { id }`,
    "carDeleted { id }",
    `carDeleted(id: "1") { id }`,
  ])("is an error for each operation that delivers removals, which goes on: %s", async (query) => {
    const told = await heard(Car, query, [truncated, change(skoda, null)]);
    expect(told).toMatchObject([{ errors: [{ extensions: { code } }] }, { id: "1" }]);
  });

  it.each(["carCreated { id }", "carUpdated { id }", "carChanged(actions: [CREATED]) { id }"])(
    "is not delivered to %s",
    async (query) => {
      expect(await heard(Car, query, [truncated])).toEqual([]);
    },
  );

  it("is an error also if results are not shared", async () => {
    const Own = model(cars, { name: "Car", fields, visible: () => false });
    expect(await heard(Own, "carChanged { id }", [truncated])).toMatchObject([{ errors: [{ extensions: { code } }] }]);
  });
});

describe("A change that is read for a viewer", () => {
  const { model: modelFor } = declare<Viewing>();
  const Own = modelFor(cars, {
    name: "Car",
    fields: ["id", "make", "year"],
    visible: (row, { viewer }) => row.owner === viewer,
    permissions: { year: ({ viewer }) => viewer === "ada" },
  });
  const given = change(skoda, { ...skoda, owner: "bob", make: "Lada" });

  it("is the one that the viewer would get, with the visible fields", () => {
    expect(Own.readFor(given, { viewer: "ada" })?.plain()).toMatchObject({
      action: "DELETED",
      before: { id: 1, make: "Skoda", year: 2021 },
      after: null,
      moved: true,
    });
    const forBob = Own.readFor(given, { viewer: "bob" });
    expect(forBob).toMatchObject({ action: "CREATED", before: null, moved: true });
    expect(forBob?.plain().after).toEqual({ id: 1, make: "Lada" });
    expect(Own.readFor(given, { viewer: "eve" })).toBe(undefined);
    expect(Own.readFor(truncated, { viewer: "ada" })).toBe(undefined);
  });

  it("has a plain form with the requested fields", () => {
    const plain = Car.read(change(skoda, { ...old, updated_at: "2026-02-01T00:00:00+00:00" }))?.plain("columns", [
      "updatedAt",
      "make",
    ]);
    expect(plain?.after).toEqual({ make: "Skoda", updated_at: "2026-02-01T00:00:00.000Z" });
    expect(plain?.changed).toEqual(["updated_at"]);
  });
});

describe("The queue of a model", () => {
  it("keeps the latest change of each row with the policy `latest`", async () => {
    const Queued = model(cars, { name: "Car", fields, queue: { messages: 2, overflow: "latest" } });
    await using fanfare = serverOf(Queued);
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { carUpdated { id year } }");
    client.pause();
    const rows = [skoda, lada].flatMap((row) => ["1", "2"].map((year) => change(row, { ...row, year })));
    for (const row of rows) {
      await fanfare.publish(Queued.topic, row);
      await turns(2);
    }
    client.resume();
    const extensions = { fanfare: { conflated: 2 } };
    expect(await client.receiveNext(id)).toEqual({ extensions, data: { carUpdated: { id: "1", year: 2 } } });
    expect(await client.receiveNext(id)).toEqual({ data: { carUpdated: { id: "2", year: 2 } } });
  });
});

describe("A model without `visible` and `permissions`", () => {
  it("has each change executed once for all operations with the same plan", async () => {
    using executions = new Executions();
    await using fanfare = serverOf(Car);
    const query = `subscription { carChanged(where: { make: { eq: "Skoda" } }) { id at after { updatedAt } } }`;
    const all = await Promise.all(Array.from({ length: 20 }, () => fanfare.subscribe({ query })));
    await fanfare.publish(Car.topic, change(null, skoda));
    for (const results of all)
      expect((await results.next()).value).toMatchObject({ data: { carChanged: { id: "1" } } });
    expect(executions.all.map(({ members, outcome }) => [members, outcome])).toEqual([[20, "delivered"]]);
  });

  it("shares results with ids that are composed of several columns", async () => {
    using executions = new Executions();
    const Composite = model(
      { name: "parts", key: ["shop", "number"], columns: { shop: "text", number: "bigint" } },
      { name: "Part", fields: ["id", "number"] },
    );
    await using fanfare = serverOf(Composite);
    const query = `subscription { partCreated { id number } }`;
    const all = await Promise.all([fanfare.subscribe({ query }), fanfare.subscribe({ query })]);
    await fanfare.publish(Composite.topic, change(null, { shop: "a", number: "7" }));
    for (const results of all) {
      expect((await results.next()).value).toEqual({ data: { partCreated: { id: "a:7", number: "7" } } });
    }
    expect(executions.all).toHaveLength(1);
  });

  it("executes each change per viewer if it has one of them", async () => {
    using executions = new Executions();
    const Own = model(cars, { name: "Car", fields, visible: () => true });
    await using fanfare = serverOf(Own);
    const query = `subscription { carChanged { id } }`;
    const all = await Promise.all([fanfare.subscribe({ query }), fanfare.subscribe({ query })]);
    await fanfare.publish(Own.topic, change(null, skoda));
    for (const results of all) expect((await results.next()).value).toEqual({ data: { carChanged: { id: "1" } } });
    expect(executions.all.map(({ members }) => members)).toEqual([1, 1]);
  });
});
