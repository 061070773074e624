import { PubSub, withFilter } from "graphql-subscriptions";
import { GraphQLError, GraphQLInt, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { turns } from "fanfare/testing";
import { chatSchema } from "./chat.ts";
import { connected } from "./connected.ts";
import { LiveClient } from "./live-client.ts";
import { NotingLog } from "./noting-log.ts";

type Subscribe = NonNullable<GraphQLFieldConfig<unknown, { user?: string }>["subscribe"]>;

/** A server whose field `ticks` has a `subscribe` of its own. */
function serverWith(subscribe: Subscribe, log = silentLog): Fanfare {
  const ticks = { type: GraphQLInt, args: { from: { type: GraphQLInt, defaultValue: 1 } }, subscribe };
  return createFanfare({ schema: chatSchema({ ticks }), log, onConnect: ({ user }) => ({ user }) });
}

/** An async iterable by hand: values as they are pushed, and whether it was told to return. */
class Ticks implements AsyncIterableIterator<{ ticks: number }> {
  readonly returned = Promise.withResolvers<void>();
  returns = 0;
  readonly #next: ((result: IteratorResult<{ ticks: number }>) => void)[] = [];

  get asked(): number {
    return this.#next.length;
  }

  tick(ticks: number): void {
    this.#next.shift()?.({ done: false, value: { ticks } });
  }

  next(): Promise<IteratorResult<{ ticks: number }>> {
    return new Promise((resolve) => this.#next.push(resolve));
  }

  async return(): Promise<IteratorResult<{ ticks: number }>> {
    this.returns += 1;
    this.returned.resolve();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

describe("A field whose `subscribe` answers an async iterable", () => {
  it("yields a result for each value, and completes at its end", async () => {
    await using fanfare = serverWith(async function* (_source, { from }) {
      for (let tick = from; tick < from + 3; tick += 1) yield { ticks: tick };
    });
    await using client = await connected(fanfare);
    const id = client.start("subscription { t: ticks(from: 5) }");
    for (const tick of [5, 6, 7]) expect(await client.receiveNext(id)).toEqual({ data: { t: tick } });
    await client.receiveComplete(id);
    await client.assertNoMessages();
  });

  it("is handed arguments, context and info, as graphql-js does it", async () => {
    const handed: unknown[] = [];
    await using fanfare = serverWith(async function* (source, args, { user }, info) {
      handed.push([source, args, user, info.fieldName, info.path.key, info.operation.name?.value, info.variableValues]);
      yield { ticks: 1 };
    });
    await using client = await connected(fanfare, { user: "ada" });
    const query = "subscription Count($n: Int) { many: ticks(from: $n) }";
    const id = client.start({ query, variables: { n: 3 } });
    await client.receiveNext(id);
    await client.receiveComplete(id);
    expect(handed).toEqual([[undefined, { from: 3 }, "ada", "ticks", "many", "Count", expect.anything()]]);
  });

  it("may answer later", async () => {
    const { promise, resolve } = Promise.withResolvers<Ticks>();
    const ticks = new Ticks();
    await using fanfare = serverWith(() => promise);
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { ticks }");
    resolve(ticks);
    await turns(3);
    ticks.tick(1);
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 1 } });
  });

  it("runs the field's own resolver on each value, with a context of its own", async () => {
    let contexts = 0;
    const ticks = {
      type: GraphQLString,
      subscribe: async function* () {
        yield 1;
        yield 2;
      },
      resolve: async (value: unknown, _args: unknown, context: { user?: string }) =>
        `${String(value)} in ${context.user}`,
    };
    await using fanfare = createFanfare({
      schema: chatSchema({ ticks }),
      log: silentLog,
      context: () => ({ user: `context ${(contexts += 1)}` }),
    });
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: "1 in context 2" } });
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: "2 in context 3" } });
    await client.receiveComplete(id);
  });

  it("is told to return when its client completes the operation", async () => {
    const ticks = new Ticks();
    await using fanfare = serverWith(() => ticks);
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { ticks }");
    ticks.tick(1);
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 1 } });
    await turns(2);
    expect([ticks.asked, ticks.returns]).toEqual([1, 0]);
    client.complete(id);
    await ticks.returned.promise;
    ticks.tick(2);
    await client.assertNoMessages();
    expect(ticks.returns).toBe(1);
  });

  it("is told to return when the socket of a real client dies", async () => {
    const ticks = new Ticks();
    await using fanfare = serverWith(() => ticks);
    const client = await LiveClient.of(fanfare);
    const results = client.iterate({ query: "subscription { ticks }" });
    const first = results.next();
    while (ticks.asked === 0) await turns(1);
    ticks.tick(1);
    expect((await first).value).toEqual({ data: { ticks: 1 } });
    await client.cut();
    await ticks.returned.promise;
    await expect(results.next()).rejects.toMatchObject({ code: 1006 });
  });

  it("is told to return when its client leaves while it is still being made", async () => {
    const { promise, resolve } = Promise.withResolvers<Ticks>();
    const ticks = new Ticks();
    await using fanfare = serverWith(() => promise);
    await using client = await connected(fanfare);
    await client.subscribe("subscription { ticks }");
    client.socket.terminate();
    resolve(ticks);
    await ticks.returned.promise;
    expect(ticks.asked).toBe(0);
  });

  it("is told to return when the server is disposed", async () => {
    const ticks = new Ticks();
    const fanfare = serverWith(() => ticks);
    await using client = await connected(fanfare);
    await client.subscribe("subscription { ticks }");
    await fanfare[Symbol.asyncDispose]();
    await ticks.returned.promise;
    expect(ticks.returns).toBe(1);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("it will not stop");
      },
    ],
    ["rejects", () => Promise.reject(new Error("it will not stop"))],
  ])("may have a `return` that %s: nobody else notices", async (_how, fail) => {
    const ticks = Object.assign(new Ticks(), { return: fail });
    await using fanfare = serverWith(() => ticks);
    await using client = await connected(fanfare);
    const stubborn = await client.subscribe("subscription { ticks }");
    await client.subscribe("subscription { ticks }");
    client.complete(stubborn);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
    client.socket.terminate();
    await turns(3);
    await using next = await connected(fanfare);
    expect(await next.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });

  it("may have no `return`", async () => {
    const ticks = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    await using fanfare = serverWith(() => ticks);
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { ticks }");
    client.complete(id);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });

  it("runs its `finally` when its client leaves between two values", async () => {
    const { promise: cleaned, resolve: clean } = Promise.withResolvers<string>();
    const { promise: pause, resolve: goOn } = Promise.withResolvers<void>();
    await using fanfare = serverWith(async function* () {
      try {
        yield { ticks: 1 };
        await pause;
        yield { ticks: 2 };
      } finally {
        clean("cleaned");
      }
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { ticks }");
    await client.receiveNext(id);
    client.complete(id);
    goOn();
    expect(await cleaned).toBe("cleaned");
    await client.assertNoMessages();
  });

  it("ends with a masked error when it throws, and with its words when they were meant", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith(async function* (_source, { from }) {
      yield { ticks: 1 };
      throw from === 0 ? new GraphQLError("The clock has stopped") : new Error("the password is 1234");
    }, log);
    await using client = await connected(fanfare);
    const meant = client.start("subscription { ticks(from: 0) }");
    await client.receiveNext(meant);
    expect(await client.receiveError(meant)).toEqual([{ message: "The clock has stopped" }]);
    expect(log.entries).toEqual([]);
    const other = client.start("subscription { ticks }");
    await client.receiveNext(other);
    expect(await client.receiveError(other)).toEqual([
      { message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } },
    ]);
    expect(log.messages).toEqual(["`subscribe` of Subscription.ticks failed"]);
    await client.assertNoMessages();
  });

  it.each([
    [
      "throws",
      () => {
        throw new GraphQLError("There is no clock");
      },
    ],
    ["rejects", () => Promise.reject(new GraphQLError("There is no clock"))],
    ["returns one", () => new GraphQLError("There is no clock")],
  ])("is an error of the operation, at its place, when `subscribe` %s", async (_how, subscribe) => {
    await using fanfare = serverWith(subscribe);
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    expect(await client.receiveError(id)).toEqual([
      { message: "There is no clock", locations: [{ line: 1, column: 16 }], path: ["ticks"] },
    ]);
  });

  it.each([
    ["a number", 7],
    ["null", null],
    ["nothing", undefined],
    ["an array", [{ ticks: 1 }]],
  ])("is an error when it is %s", async (_name, answer) => {
    const log = new NotingLog();
    await using fanfare = serverWith(() => answer, log);
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    expect(await client.receiveError(id)).toMatchObject([{ message: "Internal server error", path: ["ticks"] }]);
    expect(log.entries[0]?.details).toMatchObject({
      error: { message: expect.stringContaining("Subscription.ticks must return an async iterable or an observable") },
    });
  });

  it("is read at the pace of its client", async () => {
    let made = 0;
    const ticks: GraphQLFieldConfig<unknown, { user?: string }> = {
      type: GraphQLString,
      subscribe: async function* () {
        while (made < 10_000) {
          made += 1;
          yield { ticks: `${made} ${"-".repeat(1_000)}` };
        }
      },
    };
    await using fanfare = createFanfare({ schema: chatSchema({ ticks }), log: silentLog });
    await using client = await connected(fanfare);
    client.pause();
    const id = await client.subscribe("subscription { ticks }");
    await turns(1_000);
    expect(made).toBeLessThan(300);
    client.resume();
    const before = made;
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: expect.stringMatching(/^1 /) } });
    await turns(100);
    expect(made).toBeGreaterThan(before);
    expect(client.connected).toBe(true);
  });

  it("waits for its turn when another one's values fill the connection", async () => {
    let made = 0;
    const ticks: GraphQLFieldConfig<unknown, { user?: string }> = {
      type: GraphQLString,
      subscribe: async function* () {
        while (made < 2_000) {
          made += 1;
          yield { ticks: `${made} ${"-".repeat(1_000)}` };
        }
      },
    };
    const limits = { outboxBytes: 20_000 };
    await using fanfare = createFanfare({ schema: chatSchema({ ticks }), log: silentLog, limits });
    await using client = await connected(fanfare);
    client.pause();
    const [one, two] = [await client.subscribe("subscription { ticks }"), await client.subscribe("{ hi }")];
    const three = await client.subscribe("subscription { ticks }");
    await turns(500);
    expect(made).toBeLessThan(30);
    client.resume();
    const heard = new Set<string | undefined>();
    for (let count = 0; count < 200; count += 1) heard.add((await client.receive()).id);
    expect(heard).toEqual(new Set([one, two, three]));
    expect(client.connected).toBe(true);
  });

  it("has no topics to join", async () => {
    const ticks = {
      type: GraphQLString,
      subscribe: async function* () {
        yield { ticks: "one" };
      },
      resolve: async (_value: unknown, _args: unknown, context: object) => {
        const { operation } = Object.assign({ operation: { join: async (_topic: string) => undefined } }, context);
        await operation.join("elsewhere");
      },
    };
    const log = new NotingLog();
    await using fanfare = createFanfare({ schema: chatSchema({ ticks }), log });
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    expect(await client.receiveNext(id)).toMatchObject({
      data: { ticks: null },
      errors: [{ message: "Internal server error" }],
    });
    expect(log.entries[0]?.details).toMatchObject({ error: { code: "BAD_DECLARATION" } });
  });
});

describe("graphql-subscriptions", () => {
  it("feeds fields by `asyncIterableIterator` and `withFilter`", async () => {
    const engine = new PubSub();
    const subscribe = withFilter(
      () => engine.asyncIterableIterator<{ ticks: number }>(["tick", "tock"]),
      (payload?: { ticks: number }, args?: { from: number }) => (payload?.ticks ?? 0) >= (args?.from ?? 0),
    );
    await using fanfare = serverWith((_source, args, context, info) => subscribe(undefined, args, context, info));
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { ticks(from: 2) }");
    await engine.publish("tick", { ticks: 1 });
    await engine.publish("tock", { ticks: 2 });
    await engine.publish("tick", { ticks: 3 });
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 2 } });
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 3 } });
    client.complete(id);
    await engine.publish("tick", { ticks: 4 });
    await client.assertNoMessages();
  });
});
