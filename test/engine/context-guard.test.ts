import { describe, expect, it } from "vitest";
import { SharedContext } from "../../src/engine/context-guard.ts";

class Loader {
  readonly loaded = 1;
}

const unexpected = (why: Error) => {
  throw why;
};

describe("The context of a shared execution", () => {
  it("is what `sharedContext` returned, accessors and symbols included", () => {
    const key = Symbol("key");
    const loader = new Loader();
    const shared = new SharedContext(
      {
        loader,
        [key]: 2,
        get lazy() {
          return 3;
        },
      },
      unexpected,
    );
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
  ])("catches who $how, and throws nothing", ({ access, why }) => {
    const shared = new SharedContext({ loader: new Loader() }, unexpected);
    access(shared.proxy);
    const message = `A shareable resolver used the context: ${why}`;
    expect(shared.broken).toMatchObject({ code: "SHARING_BROKEN", message });
    expect(shared.settle()).toBe(shared.broken);
  });

  it("remembers the first that was caught", () => {
    const shared = new SharedContext({}, unexpected);
    for (const name of ["user", "tenant"]) Reflect.get(shared.proxy, name);
    expect(shared.broken?.message).toMatch(/it read user$/);
  });

  it("tells the first that comes when the execution is settled, once", () => {
    const late: string[] = [];
    const shared = new SharedContext({ version: 1 }, ({ message }) => late.push(message));
    expect(shared.settle()).toBeUndefined();
    Reflect.get(shared.proxy, "version");
    expect(late).toEqual([]);
    for (const name of ["user", "tenant"]) Reflect.get(shared.proxy, name);
    expect(late).toEqual([expect.stringMatching(/it read user$/)]);
  });

  it("is not told late of somebody who was caught in time", () => {
    const shared = new SharedContext({}, unexpected);
    Reflect.get(shared.proxy, "user");
    shared.settle();
    Reflect.get(shared.proxy, "user");
    expect(shared.broken).toBeDefined();
  });

  it("bears a frozen object of the application", () => {
    const shared = new SharedContext(Object.freeze({ version: 1 }), unexpected);
    expect(Reflect.get(shared.proxy, "version")).toBe(1);
    Reflect.get(shared.proxy, "user");
    expect(shared.broken?.message).toMatch(/it read user$/);
  });
});
