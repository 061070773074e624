import { printType } from "graphql";
import { describe, expect, it } from "vitest";
import { model, type PayloadPolicy } from "fanfare/models";
import { NotingLog } from "../server/noting-log.ts";
import { Executions } from "../server/executions.ts";
import { cars, change, skoda, type Car } from "./cars.ts";
import { heard, serverOf } from "./heard.ts";

const fields = ["id", "make", "year"] as const;
const old = { ...skoda, year: "1999" };
const changes = [change(null, skoda), change(skoda, old), change(old, null)];

describe("The payload `key`", () => {
  const Car = model(cars, { name: "Car", fields, payload: "key" });

  it("has the action, the id and the time of a change only", async () => {
    expect(printType(Car.changeType).replaceAll(/\s+/g, " ")).toBe(
      "type CarChange { action: ChangeAction! id: ID! at: DateTime! }",
    );
    const at = "2026-01-31T12:00:00.000Z";
    expect(await heard(Car, "carChanged { action id at }", changes)).toEqual([
      { action: "CREATED", id: "1", at },
      { action: "UPDATED", id: "1", at },
      { action: "DELETED", id: "1", at },
    ]);
  });

  it.each(["carCreated", "carUpdated", "carDeleted"])("applies to %s, too", async (field) => {
    expect(await heard(Car, `${field} { action id }`, changes)).toEqual([
      { action: field.slice(3).toUpperCase(), id: "1" },
    ]);
  });

  it("is filtered like any other", async () => {
    expect(await heard(Car, "carChanged(where: { year: { lt: 2000 } }) { action }", changes)).toEqual([
      { action: "CREATED" },
      { action: "DELETED" },
    ]);
  });
});

type Serializer = Exclude<PayloadPolicy<Car>, string>["serialize"];

const loud: Serializer = ({ after }) => ({ after: after && { ...after, make: after.make.toUpperCase() } });

describe("A serialized payload", () => {
  function carWith(serialize: Serializer, onError: "fail" | "fallback" | "drop" = "fail") {
    const log = new NotingLog();
    return { Model: model(cars, { name: "Car", fields, log, payload: { serialize, onError } }), log };
  }

  it("has the serializer's values, and the change's own for those that it leaves out", async () => {
    const { Model } = carWith(loud);
    expect(await heard(Model, "carChanged { action before { make } after { id make } }", changes)).toEqual([
      { action: "CREATED", before: null, after: { id: "1", make: "SKODA" } },
      { action: "UPDATED", before: { make: "Skoda" }, after: { id: "1", make: "SKODA" } },
      { action: "DELETED", before: { make: "Skoda" }, after: null },
    ]);
    expect(await heard(Model, "carCreated { make }", changes)).toEqual([{ make: "SKODA" }]);
    expect(await heard(Model, "carDeleted { make }", changes)).toEqual([{ make: "Skoda" }]);
  });

  it("may be computed asynchronously, and is shared all the same", async () => {
    using executions = new Executions();
    const { Model } = carWith(async (given) => loud(given));
    await using fanfare = serverOf(Model);
    const query = "subscription { carChanged { after { make } } }";
    const all = await Promise.all([fanfare.subscribe({ query }), fanfare.subscribe({ query })]);
    await fanfare.publish(Model.topic, change(null, skoda));
    for (const results of all) {
      expect((await results.next()).value).toEqual({ data: { carChanged: { after: { make: "SKODA" } } } });
    }
    expect(executions.all).toHaveLength(1);
  });

  describe.each<[how: string, failing: Serializer]>([
    [
      "throws",
      (given) => {
        if (given.action === "UPDATED") throw new Error("no such thing");
        return loud(given);
      },
    ],
    [
      "rejects",
      async (given) => {
        if (given.action === "UPDATED") throw new Error("no such thing");
        return loud(given);
      },
    ],
  ])("and whose serializer %s", (_how, failing) => {
    const query = "carChanged { after { make } }";
    const [first, last] = [{ after: { make: "SKODA" } }, { after: null }];

    it("is an error with the policy `fail`", async () => {
      const { Model, log } = carWith(failing, "fail");
      const failure = { data: null, errors: [{ message: "no such thing", path: ["carChanged"] }] };
      expect(await heard(Model, query, changes)).toMatchObject([first, failure, last]);
      expect(log.messages).toEqual(["A serializer failed"]);
    });

    it("is the change's own with the policy `fallback`", async () => {
      const { Model, log } = carWith(failing, "fallback");
      expect(await heard(Model, query, changes)).toEqual([first, { after: { make: "Skoda" } }, last]);
      expect(log.messages).toEqual(["A serializer failed"]);
    });

    it("is not sent with the policy `drop`, which is logged", async () => {
      const { Model, log } = carWith(failing, "drop");
      expect(await heard(Model, query, changes)).toEqual([first, last]);
      expect(log.entries).toMatchObject([
        { level: "error", details: { onError: "drop", error: { message: "no such thing" } } },
      ]);
    });
  });
});
