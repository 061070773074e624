import { describe, expect, it } from "vitest";
import { inertValue } from "../../src/engine/inert.ts";

describe("An inert value", () => {
  it("is inert in all its parts, and has an empty text", async () => {
    const inert = inertValue();
    const part: unknown = Reflect.get(inert, "anything");
    expect(Object.is(part, inert)).toBe(true);
    expect(["the text: ", part].join("")).toBe("the text: ");
    expect(Object.is(await part, inert)).toBe(true);
    expect(JSON.stringify([inert])).toBe("[null]");
    expect(Object.entries(inert)).toEqual([]);
  });

  it("can be called, constructed and written to", () => {
    const inert = inertValue();
    if (typeof inert !== "function") throw new TypeError("Not callable");
    expect(Object.is(Reflect.apply(inert, undefined, [1]), inert)).toBe(true);
    expect(Object.is(Reflect.construct(inert, []), inert)).toBe(true);
    expect(Reflect.set(inert, "text", "written")).toBe(true);
    expect(Object.is(Reflect.get(inert, "text"), inert)).toBe(true);
  });

  it("has no elements", () => {
    const inert: object = inertValue();
    const found: unknown[] = [];
    if (Symbol.iterator in inert) throw new TypeError("It has an iterator");
    for (let index = 0; index < Number(Reflect.get(inert, "length")); index += 1) found.push(index);
    expect(found).toEqual([]);
  });

  it("ends a loop that goes on while there is something", () => {
    let node: unknown = inertValue();
    let count = 0;
    while (node) {
      node = Reflect.get(Object(node), "parent");
      count += 1;
    }
    expect(count).toBeGreaterThan(1);
  });
});
