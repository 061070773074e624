import { topic } from "fanfare";
import { model, type ModelHooks } from "fanfare/models";
import { describe, expect, it } from "vitest";
import type { CapturedChange, CapturedRow } from "../../src/contract/captured.ts";
import { NotingLog } from "../server/noting-log.ts";
import { at, cars, skoda, type Car } from "./cars.ts";

const fields = ["id", "make", "variant", "updatedAt"] as const;
const old = { ...skoda, variant: "RS", updated_at: "2026-01-30T12:00:00+00:00" };
const byMake = topic("make", { name: String });

function captured(before: CapturedRow | null, after: CapturedRow | null): CapturedChange {
  const action = before === null ? "CREATED" : after === null ? "DELETED" : "UPDATED";
  const place = { epoch: "e", major: 1n, minor: 1n };
  const table = { schema: "public", name: "cars" };
  return { kind: "change", place, table, action, before, after, moved: false, at, transaction: "1" };
}

function carWith(hooks: ModelHooks<Car>) {
  const log = new NotingLog();
  return { Model: model(cars, { name: "Car", fields, hooks, log }), log };
}

function broken(): never {
  throw new Error("a hook is broken");
}

describe("A model without hooks", () => {
  it("has every change of its table published, and no other event", () => {
    const { Model } = carWith({});
    expect(Model.table).toEqual({ schema: "public", name: "cars" });
    expect(Model.isPublished(captured(null, skoda))).toBe(true);
    expect(Model.extraEvents(captured(null, skoda))).toEqual([]);
  });
});

describe("The hook `shouldPublish`", () => {
  it("decides by the decoded change whether it is published", () => {
    const { Model } = carWith({
      shouldPublish: ({ action, changed }) => action !== "UPDATED" || changed.includes("variant"),
    });
    expect(Model.isPublished(captured(null, skoda))).toBe(true);
    expect(Model.isPublished(captured(skoda, { ...skoda, variant: "RS" }))).toBe(true);
    expect(Model.isPublished(captured(skoda, { ...skoda, make: "Lada" }))).toBe(false);
  });

  it("lets the change be published when it throws, which is logged", () => {
    const { Model, log } = carWith({ shouldPublish: broken });
    expect(Model.isPublished(captured(null, skoda))).toBe(true);
    expect(log.entries).toMatchObject([{ message: "A model's hook failed", details: { hook: "shouldPublish" } }]);
  });
});

describe("The hooks `topics` and `payload`", () => {
  it("publish a change to further topics, by default as `change.plain()`", () => {
    const { Model } = carWith({ topics: ({ after }) => [byMake({ name: after?.make ?? "" }), "all cars"] });
    const row = { id: 1, make: "Skoda", variant: null, updatedAt: "2026-01-31T12:00:00.500Z" };
    const payload = {
      action: "UPDATED",
      id: "1",
      before: { ...row, variant: "RS", updatedAt: "2026-01-30T12:00:00.000Z" },
      after: row,
      changed: ["variant", "updatedAt"],
      moved: false,
      at: "2026-01-31T12:00:00.000Z",
    };
    expect(Model.extraEvents(captured(old, skoda))).toEqual([
      { topic: byMake({ name: "Skoda" }), payload },
      { topic: "all cars", payload },
    ]);
  });

  it("can name fields by the database's columns", () => {
    const { Model } = carWith({ topics: () => ["cars"], payload: (change) => change.plain("columns") });
    expect(Model.extraEvents(captured(old, skoda))).toMatchObject([
      { payload: { after: { updated_at: "2026-01-31T12:00:00.500Z" }, changed: ["variant", "updated_at"] } },
    ]);
  });

  it("can give each topic a payload of its own", () => {
    const { Model } = carWith({ topics: () => ["a", "b"], payload: ({ id }, name) => `${name}: ${id}` });
    expect(Model.extraEvents(captured(null, skoda))).toEqual([
      { topic: "a", payload: "a: 1" },
      { topic: "b", payload: "b: 1" },
    ]);
  });

  it("are isolated: only a topic whose payload throws is left out", () => {
    const { Model, log } = carWith({
      shouldPublish: broken,
      topics: () => ["a", "b", "c"],
      payload: (_change, name) => (name === "b" ? broken() : name),
    });
    expect(Model.extraEvents(captured(null, skoda)).map(({ topic: name }) => name)).toEqual(["a", "c"]);
    expect(Model.isPublished(captured(null, skoda))).toBe(true);
    expect(log.entries.map(({ details }) => Reflect.get(details, "hook"))).toEqual(["payload", "shouldPublish"]);
  });

  it("that throw in `topics` leave the table's own topic unaffected", () => {
    const { Model, log } = carWith({ topics: broken });
    expect(Model.extraEvents(captured(null, skoda))).toEqual([]);
    expect(Model.isPublished(captured(null, skoda))).toBe(true);
    expect(log.messages).toEqual(["A model's hook failed"]);
  });

  it("do not throw for a row that cannot be decoded", () => {
    const { Model, log } = carWith({ shouldPublish: ({ id }) => id !== "", topics: () => ["a"] });
    const odd = captured(null, { ...skoda, id: "one" });
    expect(Model.isPublished(odd)).toBe(true);
    expect(Model.extraEvents(odd)).toEqual([]);
    expect(log.messages).toEqual(["A model's hook failed", "A model's hook failed"]);
  });
});
