import { describe, expect, it } from "vitest";
import {
  BoundDeclaration,
  type DeclarationHost,
  declarationOf,
  hasDeclaredResolver,
  hasWrappedSource,
} from "../../src/declare/declaration.ts";
import { Resolved } from "../../src/declare/resolved.ts";
import { SKIP, SkipError } from "../../src/declare/skip.ts";
import { subscription } from "../../src/declare/subscription.ts";

const field = subscription({
  topics: () => ["numbers"],
  resolve: (event: number) => (event < 0 ? SKIP : event * 2),
});

function hostWith(...values: readonly number[]): DeclarationHost {
  return {
    events: async () =>
      (async function* () {
        yield* values;
      })(),
  };
}

describe("A declared field", () => {
  it("has either `resolve` or `resolveFor`", () => {
    const both = { topics: () => ["a"], resolve: () => 1, resolveFor: () => 1 };
    expect(() => subscription(both)).toThrow(expect.objectContaining({ code: "BAD_DECLARATION" }));
  });

  it("resolves an event, and returns a value that was computed before", () => {
    expect(field.resolve(3, {}, undefined)).toBe(6);
    expect(field.resolve(Resolved.value(3), {}, undefined)).toBe(3);
    expect(() => field.resolve(Resolved.failure(new RangeError("too many")), {}, undefined)).toThrow("too many");
  });

  it("throws for SKIP, which other executors do not know", async () => {
    expect(() => field.resolve(-1, {}, undefined)).toThrow(SkipError);
    const slow = subscription({ topics: () => ["numbers"], resolve: async () => SKIP });
    await expect(slow.resolve(1, {}, undefined)).rejects.toBeInstanceOf(SkipError);
  });

  it("is found by its `subscribe` function alone, and by its extensions alone", () => {
    const bound = field.extensions.fanfare.subscription;
    expect(bound).toBeInstanceOf(BoundDeclaration);
    expect(declarationOf({ subscribe: field.subscribe, extensions: {} })).toBe(bound);
    const wrapper = () => field.subscribe(undefined, {}, undefined);
    expect(declarationOf({ subscribe: wrapper, extensions: field.extensions })).toBe(bound);
    for (const extensions of [{}, { fanfare: null }, { fanfare: { subscription: {} } }, { fanfare: "x" }]) {
      expect(declarationOf({ subscribe: wrapper, extensions })).toBeUndefined();
    }
  });

  it("detects wrappers around its two functions", () => {
    const wrapper = () => field.subscribe(undefined, {}, undefined);
    expect(hasWrappedSource({ subscribe: field.subscribe })).toBe(false);
    expect(hasWrappedSource({ subscribe: undefined })).toBe(false);
    expect(hasWrappedSource({ subscribe: wrapper })).toBe(true);
    expect(hasDeclaredResolver({ resolve: field.resolve })).toBe(true);
    expect(hasDeclaredResolver({ resolve: () => 1 })).toBe(false);
    expect(hasDeclaredResolver({ resolve: undefined })).toBe(false);
  });

  it("gets its events from the running server that was created last, and is NOT_BOUND without one", async () => {
    const one = subscription({ topics: () => ["numbers"] });
    const bound = declarationOf(one);
    const subscribe = async () => (await (await one.subscribe(undefined, {}, undefined)).next()).value;
    await expect(subscribe()).rejects.toMatchObject({ code: "NOT_BOUND" });
    const first = bound?.bind(hostWith(1));
    const second = bound?.bind(hostWith(2));
    expect(await subscribe()).toBe(2);
    second?.[Symbol.dispose]();
    expect(await subscribe()).toBe(1);
    first?.[Symbol.dispose]();
    await expect(subscribe()).rejects.toMatchObject({ code: "NOT_BOUND" });
  });
});
