import { describe, expect, it } from "vitest";
import { payloadDigest } from "../../../src/engine/cohort/payload-digest.ts";

class Row {
  readonly text = "a row";

  toJSON(): never {
    throw new Error("It was read");
  }
}

const reading = (): never => {
  throw new Error("It was read");
};

describe("The digest of a payload", () => {
  it.each([[{ a: 1, b: [{ c: null }], at: new Date(0) }], [[1, "two", [3]]], ["a text"], [5], [null], [undefined]])(
    "is that of equal data: %j",
    (payload) => {
      expect(payloadDigest(payload)).toBe(payloadDigest(structuredClone(payload)));
    },
  );

  it("tells other data apart", () => {
    const payloads = [{ a: 1 }, { a: "1" }, { a: { b: 1 } }, { b: 1 }, [1], ["1"], 1, "1", null, "null", [], {}];
    expect(new Set(payloads.map(payloadDigest)).size).toBe(payloads.length);
  });

  it.each<[string, () => object]>([
    ["a getter", () => Object.defineProperty({}, "text", { get: reading, enumerable: true })],
    ["a getter below", () => ({ list: [Object.defineProperty({}, "text", { get: reading, enumerable: true })] })],
    ["a proxy", () => new Proxy({}, { get: reading, ownKeys: reading, getPrototypeOf: reading })],
    ["a proxy below", () => ({ query: new Proxy({}, { get: reading, ownKeys: reading, getPrototypeOf: reading }) })],
    ["an instance of a class", () => new Row()],
    ["a function that says how it is written", () => ({ toJSON: reading })],
  ])("does not read %s: it is the object's own", (_what, make) => {
    const payload = make();
    expect(payloadDigest(payload)).toBe(payloadDigest(payload));
    expect(payloadDigest(payload)).not.toBe(payloadDigest(make()));
  });

  it.each<[string, () => object]>([
    ["maps", () => new Map([["a", 1]])],
    ["a number without a JSON form", () => ({ count: 5n })],
    [
      "a cycle",
      () => {
        const self: Record<string, unknown> = {};
        self["self"] = self;
        return self;
      },
    ],
  ])("is the object's own for %s", (_what, make) => {
    expect(payloadDigest(make())).not.toBe(payloadDigest(make()));
  });
});
