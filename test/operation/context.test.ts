import { describe, expect, it } from "vitest";
import { contextWith, viewOf, withOperation } from "../../src/operation/context.ts";
import { DetachedOperation } from "../../src/operation/http-requests.ts";

const peer = { address: "127.0.0.1", url: "/graphql", header: () => undefined };
const operation = new DetachedOperation({ id: "1", peer, viewer: undefined }, "Name");

const other = new DetachedOperation({ id: "2", peer, viewer: undefined }, "Other");

class Application {
  static secretOf(application: Application): string {
    return application.#secret;
  }

  readonly name = "garage";
  readonly #secret = "key";

  get secret(): string {
    return this.#secret;
  }

  greet(): string {
    return `Welcome to the ${this.name}, ${this.#secret}`;
  }
}

describe("A context", () => {
  it.each([undefined, null])("that is %o becomes one with the operation alone", (given) => {
    expect(withOperation(given, operation)).toEqual({ operation });
  });

  it.each(["text", 1, false])("that is %o stays as it is", (given) => {
    expect(withOperation(given, operation)).toBe(given);
  });

  it("is the application's object itself, with what it hides and what knows it", () => {
    const given = Object.defineProperty({ user: "ada" }, "hidden", { value: 1 });
    const blocked = new WeakSet([given]);
    const context = withOperation(given, operation);
    expect(context).toBe(given);
    expect(blocked.has(Object(context))).toBe(true);
    expect({ ...given }).toEqual({ user: "ada", operation });
    expect(withOperation(given, operation)).toBe(given);
  });

  it("of a class is the instance itself, whose private members can be read", () => {
    const application = new Application();
    expect(withOperation(application, operation)).toBe(application);
    expect(Application.secretOf(application)).toBe("key");
    expect(Reflect.get(application, "operation")).toBe(operation);
    expect(Object.keys(application)).toEqual(["name"]);
  });

  it.each([() => ({ user: "ada" }), () => new Map(), () => new Application()])(
    "that several operations have is a view for each, and is not changed, no. %#",
    (make) => {
      const given = make();
      const others = [operation, other].map((each) => withOperation(given, each));
      expect(others[0]).toBe(given);
      const again = [operation, other].map((each) => withOperation(given, each));
      expect(again.map((context) => Reflect.get(Object(context), "operation"))).toEqual([operation, other]);
      expect(again.includes(given)).toBe(false);
      expect("operation" in given).toBe(false);
    },
  );

  it("of a frozen object is a view", () => {
    const given = Object.freeze({ user: "ada" });
    expect(withOperation(given, operation)).toEqual({ user: "ada", operation });
    expect("operation" in given).toBe(false);
  });

  it.each([{ user: "ada" }, Object.assign(Object.create(null), { user: "ada" })])(
    "that is viewed keeps what a plain object hides",
    (given) => {
      Object.defineProperty(given, "hidden", { value: 1 });
      const context = viewOf(given, operation);
      expect(context).toEqual({ operation, user: "ada" });
      expect(Reflect.get(context, "hidden")).toBe(1);
      expect("operation" in given).toBe(false);
    },
  );

  it("keeps an `operation` of its own", () => {
    expect(withOperation({ operation: "mine" }, operation)).toEqual({ operation: "mine" });
    class Own {
      readonly operation = "mine";
    }
    const own = new Own();
    expect(withOperation(own, operation)).toBe(own);
  });

  it("that is viewed keeps the methods of its class, and is not changed itself", () => {
    const application = new Application();
    const context = viewOf(application, operation);
    expect(context).toBeInstanceOf(Application);
    expect(Reflect.get(context, "operation")).toBe(operation);
    expect("operation" in context).toBe(true);
    expect(context).toMatchObject({ name: "garage", secret: "key" });
    expect("greet" in context && typeof context.greet === "function" && context.greet()).toBe(
      "Welcome to the garage, key",
    );
    expect("operation" in application).toBe(false);
  });

  it("may be promised", async () => {
    expect(contextWith({ a: 1 }, operation)).toEqual({ a: 1, operation });
    expect(await contextWith(Promise.resolve({ a: 1 }), operation)).toEqual({ a: 1, operation });
  });
});

describe("The operation of a query", () => {
  it("has a state, and no topics to join or leave", async () => {
    operation.state["seen"] = true;
    await operation.join();
    await operation.leave();
    expect(operation).toMatchObject({ id: "1", name: "Name", state: { seen: true } });
  });
});
