import { describe, expect, it } from "vitest";
import { SharedContext } from "../../src/engine/context-guard.ts";

class Loader {
  readonly loaded = 1;
}

describe("The context of a shared execution", () => {
  it("is what `sharedContext` returned, accessors and symbols included", () => {
    const key = Symbol("key");
    const loader = new Loader();
    const shared = new SharedContext({
      loader,
      [key]: 2,
      get lazy() {
        return 3;
      },
    });
    const { proxy } = shared;
    expect(Reflect.get(proxy, "loader")).toBe(loader);
    expect(Reflect.get(proxy, key)).toBe(2);
    expect(Reflect.get(proxy, "lazy")).toBe(3);
    expect("loader" in proxy).toBe(true);
    expect(Object.hasOwn(proxy, "loader")).toBe(true);
    expect(shared.broken).toBeUndefined();
  });

  it.each<{ how: string; access: (context: object) => unknown; why: string }>([
    { how: "reads something else", access: (context) => Reflect.get(context, "user"), why: "it read user" },
    {
      how: "reads something inherited",
      access: (context) => Reflect.get(context, "toString"),
      why: "it read toString",
    },
    {
      how: "reads a symbol",
      access: (context) => Reflect.get(context, Symbol.iterator),
      why: "it read Symbol(Symbol.iterator)",
    },
    { how: "asks whether something is there", access: (context) => "user" in context, why: "it looked for user" },
    {
      how: "asks whether it has something",
      access: (context) => Object.hasOwn(context, "user"),
      why: "it looked for user",
    },
    { how: "lists it", access: (context) => Object.keys(context), why: "it listed the keys" },
    { how: "copies it", access: (context) => ({ ...context }), why: "it listed the keys" },
    { how: "asks what it is", access: (context) => context instanceof Loader, why: "it asked for the prototype" },
    { how: "writes", access: (context) => Object.assign(context, { cached: 1 }), why: "it wrote cached" },
    {
      how: "defines",
      access: (context) => Object.defineProperty(context, "cached", { value: 1 }),
      why: "it wrote cached",
    },
    { how: "deletes", access: (context) => Reflect.deleteProperty(context, "loader"), why: "it deleted loader" },
    {
      how: "gives it a prototype",
      access: (context) => Object.setPrototypeOf(context, {}),
      why: "it changed the prototype",
    },
    { how: "freezes it", access: (context) => Object.freeze(context), why: "it froze the context" },
    { how: "makes it text", access: (context) => JSON.stringify(context), why: "it read toJSON" },
  ])("catches who $how", ({ access, why }) => {
    const shared = new SharedContext({ loader: new Loader() });
    const message = `A shareable resolver used the context: ${why}`;
    expect(() => access(shared.proxy)).toThrow(expect.objectContaining({ code: "SHARING_BROKEN", message }));
    expect(shared.broken).toMatchObject({ message });
  });

  it("remembers the first that was caught, although its error was swallowed", () => {
    const shared = new SharedContext({});
    for (const name of ["user", "tenant"]) {
      try {
        Reflect.get(shared.proxy, name);
      } catch {
        // As a resolver with a fallback does.
      }
    }
    expect(shared.broken?.message).toMatch(/it read user$/);
  });

  it("bears a frozen object of the application", () => {
    const shared = new SharedContext(Object.freeze({ version: 1 }));
    expect(Reflect.get(shared.proxy, "version")).toBe(1);
    expect(() => Reflect.get(shared.proxy, "user")).toThrow("it read user");
  });
});
