import { describe, expect, it } from "vitest";
import { Lifetime } from "../../src/base/lifetime.ts";

/** A child that a test closes by hand. */
function child(closed: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return {
    resolve,
    reject,
    [Symbol.asyncDispose]: () => {
      closed.push(name);
      return promise;
    },
  };
}

describe("A lifetime", () => {
  it("closes its children in parallel and waits for all of them", async () => {
    const closed: string[] = [];
    const lifetime = new Lifetime();
    const slow = lifetime.attach(child(closed, "slow"));
    const quick = lifetime.attach(child(closed, "quick"));
    let ended = false;
    const end = lifetime[Symbol.asyncDispose]().then(() => (ended = true));
    expect(closed).toEqual(["slow", "quick"]);
    quick.resolve();
    await Promise.resolve();
    expect(ended).toBe(false);
    slow.resolve();
    await end;
    expect(ended).toBe(true);
  });

  it("closes Disposable children as well as AsyncDisposable ones", async () => {
    const closed: string[] = [];
    const lifetime = new Lifetime();
    lifetime.attach({ [Symbol.dispose]: () => void closed.push("sync") });
    await lifetime[Symbol.asyncDispose]();
    expect(closed).toEqual(["sync"]);
  });

  it("aborts its signal and counts as ended before it closes a child", async () => {
    const lifetime = new Lifetime();
    let seen: unknown;
    lifetime.attach({
      [Symbol.dispose]: () => {
        seen = [lifetime.signal.aborted, lifetime.ended];
      },
    });
    expect([lifetime.signal.aborted, lifetime.ended]).toEqual([false, false]);
    await lifetime[Symbol.asyncDispose]();
    expect(seen).toEqual([true, true]);
  });

  it("closes each child once, however often it is disposed of", async () => {
    const closed: string[] = [];
    const lifetime = new Lifetime();
    lifetime.attach(child(closed, "one")).resolve();
    await Promise.all([lifetime[Symbol.asyncDispose](), lifetime[Symbol.asyncDispose]()]);
    await lifetime[Symbol.asyncDispose]();
    expect(closed).toEqual(["one"]);
  });

  it("does not close a released child", async () => {
    const closed: string[] = [];
    const lifetime = new Lifetime();
    lifetime.release(lifetime.attach(child(closed, "gone")));
    await lifetime[Symbol.asyncDispose]();
    expect(closed).toEqual([]);
  });

  it("closes a child that is attached after the end at once, and a further disposal waits for it", async () => {
    const closed: string[] = [];
    const lifetime = new Lifetime();
    await lifetime[Symbol.asyncDispose]();
    const late = lifetime.attach(child(closed, "late"));
    expect(closed).toEqual(["late"]);
    let ended = false;
    const end = lifetime[Symbol.asyncDispose]().then(() => (ended = true));
    await Promise.resolve();
    expect(ended).toBe(false);
    late.resolve();
    await end;
  });

  it("is re-entrant: a child's end can attach children and dispose of the lifetime", async () => {
    const closed: string[] = [];
    const lifetime = new Lifetime();
    let inner: PromiseLike<void> | undefined;
    lifetime.attach({
      [Symbol.dispose]: () => {
        lifetime.attach(child(closed, "late")).resolve();
        inner = lifetime[Symbol.asyncDispose]();
      },
    });
    await lifetime[Symbol.asyncDispose]();
    await inner;
    expect(closed).toEqual(["late"]);
  });

  it("closes every child even if one fails, and rejects with its error", async () => {
    const closed: string[] = [];
    const lifetime = new Lifetime();
    lifetime.attach(child(closed, "bad")).reject(new Error("stuck"));
    lifetime.attach(child(closed, "good")).resolve();
    lifetime.attach({
      [Symbol.dispose]: () => void closed.push("last"),
    });
    await expect(lifetime[Symbol.asyncDispose]()).rejects.toThrow("stuck");
    expect(closed).toEqual(["bad", "good", "last"]);
  });

  it("rejects with an AggregateError of several children's errors", async () => {
    const lifetime = new Lifetime();
    for (const reason of ["one", "two"]) {
      lifetime.attach({
        [Symbol.dispose]: () => {
          throw new Error(reason);
        },
      });
    }
    const error: unknown = await lifetime[Symbol.asyncDispose]().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ errors: [{ message: "one" }, { message: "two" }] });
  });
});
