import { describe, expect, it } from "vitest";
import { contextWith, withOperation } from "../../src/operation/context.ts";
import { DetachedOperation } from "../../src/operation/http-requests.ts";

const peer = { address: "127.0.0.1", url: "/graphql", header: () => undefined };
const operation = new DetachedOperation({ id: "1", peer, viewer: undefined }, "Name");

class Application {
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
  it.each([undefined, null, "text", 1])("that is %o becomes one with the operation alone", (given) => {
    expect(withOperation(given, operation)).toEqual({ operation });
  });

  it.each([{ user: "ada" }, Object.assign(Object.create(null), { user: "ada" })])(
    "that is a plain object is copied, since it may serve several operations",
    (given) => {
      const context = withOperation(given, operation);
      expect(context).toEqual({ operation, user: "ada" });
      expect(context).not.toBe(given);
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

  it("of a class keeps its methods, and is not changed itself", () => {
    const application = new Application();
    const context = withOperation(application, operation);
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
