import { describe, expect, it } from "vitest";
import { declare } from "fanfare";
import { model } from "fanfare/models";
import { turns } from "fanfare/testing";
import { connected } from "../server/connected.ts";
import { Executions } from "../server/executions.ts";
import { cars, change, skoda } from "./cars.ts";
import { heard, serverOf, type Viewing } from "./heard.ts";

const fields = ["id", "make", "model", "variant", "year", "updatedAt"] as const;
const Car = model(cars, { name: "Car", fields });
const old = { ...skoda, year: "1999" };

describe("A fault of older systems with models is avoided:", () => {
  it("each operation gets the fields that it selected itself, whatever later ones select (S2-B1)", async () => {
    await using fanfare = serverOf(Car);
    await using first = await fanfare.subscribe({ query: "subscription { carUpdated { id make } }" });
    await using second = await fanfare.subscribe({ query: "subscription { carUpdated { year } }" });
    await fanfare.publish(Car.topic, change(skoda, old));
    expect((await first.next()).value).toEqual({ data: { carUpdated: { id: "1", make: "Skoda" } } });
    expect((await second.next()).value).toEqual({ data: { carUpdated: { year: 1999 } } });
  });

  it("rows and fields reach only viewers that may see them (S2-B3)", async () => {
    const Own = declare<Viewing>().model(cars, {
      name: "Car",
      fields,
      visible: (row, { viewer }) => row.owner === viewer || viewer === "clerk",
      permissions: { year: ({ viewer }) => viewer === "ada" },
    });
    const query = "carCreated { id year }";
    expect(await heard(Own, query, [change(null, skoda)], { viewer: "ada" })).toEqual([{ id: "1", year: 2021 }]);
    expect(await heard(Own, query, [change(null, skoda)], { viewer: "clerk" })).toEqual([{ id: "1", year: null }]);
    expect(await heard(Own, query, [change(null, skoda)], { viewer: "eve" })).toEqual([]);
  });

  it("a subscription ends with its connection (S2-B4)", async () => {
    using executions = new Executions();
    await using fanfare = serverOf(Car);
    const client = await connected(fanfare);
    await client.subscribe("subscription { carUpdated { id } }");
    await client[Symbol.asyncDispose]();
    await fanfare.publish(Car.topic, change(skoda, old));
    expect(executions.all).toEqual([]);
  });

  it("a model or a field that is made twice does not deliver twice (S2-B6)", async () => {
    const Again = model(cars, { name: "Car", fields });
    const subscriptions = { ...Again.subscriptions, ...Car.subscriptions, carModelUpdated: Car.updated() };
    const query = "carUpdated { id }";
    expect(await heard({ ...Car, subscriptions }, query, [change(skoda, old)])).toEqual([{ id: "1" }]);
  });

  it("keys may be UUIDs (S2-B10)", async () => {
    const tag = "0b8cbd2c-3c3e-4d43-8a40-6c2bd0a5d9f1";
    const Tag = model({ name: "tags", key: "id", columns: { id: "uuid" } }, { name: "Tag", fields: ["id"] });
    expect(await heard(Tag, `tagDeleted(id: "${tag}") { id }`, [change({ id: tag }, null)])).toEqual([{ id: tag }]);
  });

  it("a result has the selected fields under their aliases, and typed (S2-B8, S4-B7)", async () => {
    const query = "subscription { a: carCreated { key: id, built: year, updatedAt } }";
    await using fanfare = serverOf(Car);
    await using results = await fanfare.subscribe({ query });
    await fanfare.publish(Car.topic, change(null, skoda));
    const a = { key: "1", built: 2021, updatedAt: "2026-01-31T12:00:00.500Z" };
    expect((await results.next()).value).toEqual({ data: { a } });
  });

  it("a stopped subscription delivers nothing more (S5-B5)", async () => {
    using executions = new Executions();
    await using fanfare = serverOf(Car);
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { carUpdated { id } }");
    client.complete(id);
    await turns(3);
    await fanfare.publish(Car.topic, change(skoda, old));
    await client.assertNoMessages();
    expect(executions.all).toEqual([]);
  });

  it("each of many operations gets a change once (S5-B6)", async () => {
    await using fanfare = serverOf(Car);
    const clients = await Promise.all(Array.from({ length: 5 }, () => connected(fanfare)));
    for (const client of clients) await client.subscribe("subscription { carUpdated(id: 1) { year } }");
    await fanfare.publish(Car.topic, change(skoda, old));
    for (const client of clients) {
      expect(await client.receiveNext("1")).toEqual({ data: { carUpdated: { year: 1999 } } });
      await client.assertNoMessages();
      await client[Symbol.asyncDispose]();
    }
  });

  it("a change of another row, or of a table without operations, costs no execution (S5-B8)", async () => {
    using executions = new Executions();
    await using fanfare = serverOf(Car);
    await using results = await fanfare.subscribe({ query: "subscription { carUpdated(id: 1) { year } }" });
    await fanfare.publish(Car.topic, change({ ...skoda, id: "2" }, { ...old, id: "2" }));
    await fanfare.publish("table:public:vans", change(skoda, old));
    await fanfare.publish(Car.topic, change(skoda, old));
    expect((await results.next()).value).toEqual({ data: { carUpdated: { year: 1999 } } });
    expect(executions.all).toHaveLength(1);
  });
});
