import { AsyncLocalStorage } from "node:async_hooks";
import { GraphQLError, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, shareable, silentLog, subscription, type FanfareOptions, type OperationHandle } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import { turns, type TestClient } from "fanfare/testing";
import { connected } from "./connected.ts";

/** What a web framework keeps for each request. */
const request = new AsyncLocalStorage<string>();

interface Viewing {
  readonly viewer: string;
  readonly operation: OperationHandle;
}

/** Whose request each of a server's functions saw. */
class Sightings {
  readonly #seen = new Map<string, (string | undefined)[]>();

  note(where: string): void {
    this.#seen.set(where, [...(this.#seen.get(where) ?? []), request.getStore()]);
  }

  async noteLate(where: string): Promise<void> {
    this.note(where);
    await Promise.resolve();
    this.note(where);
    await turns(1);
    this.note(where);
  }

  forget(): void {
    this.#seen.clear();
  }

  /** Where it was looked, and what was seen there. */
  get all(): Record<string, (string | undefined)[]> {
    return Object.fromEntries([...this.#seen].map(([where, seen]) => [where, [...new Set(seen)]]));
  }

  get places(): string[] {
    return [...this.#seen.keys()].toSorted();
  }
}

interface Options {
  /** Whether functions take their time. */
  readonly late: boolean;
  /** Whether clients share. */
  readonly shared: boolean;
  readonly initial?: () => Promise<object>;
}

function serverOptions(sightings: Sightings, { late, shared, initial }: Options): FanfareOptions<Viewing> {
  const look = (where: string) => (late ? sightings.noteLate(where) : sightings.note(where));
  const after = <Value>(where: string, value: Value): Value | Promise<Value> => {
    const looked = look(where);
    return looked ? looked.then(() => value) : value;
  };
  const field = () => after("field", "text");
  const Post = new GraphQLObjectType({
    name: "Post",
    isTypeOf: () => after("isTypeOf", true),
    extensions: { fanfare: { shareable: true } },
    fields: {
      text: { type: GraphQLString, resolve: shared ? shareable(field) : field },
      error: {
        type: GraphQLString,
        resolve: shareable(() => {
          throw new GraphQLError("On purpose");
        }),
      },
    },
  });
  const declared = {
    topics: (_args: object, { viewer }: Viewing) => ["posts", `for:${viewer}`],
    filter: () => after("filter", true),
    visible: () => {
      sightings.note("visible");
      return true;
    },
    onUnsubscribe: () => look("onUnsubscribe"),
    queue: {
      overflow: "latest" as const,
      messages: 2,
      key: () => {
        sightings.note("key");
        return "one key";
      },
    },
    ...(initial && { initial }),
  };
  const resolve = (event: unknown) => after("resolve", event);
  const posted = {
    type: Post,
    ...subscription(shared ? { ...declared, resolve } : { ...declared, resolveFor: resolve }),
  };
  const triggered = { type: Post };
  return {
    schema: new GraphQLSchema({
      query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
      subscription: new GraphQLObjectType({ name: "Subscription", fields: { posted, triggered } }),
    }),
    triggers: { triggered: () => ({ posts: { filter: () => after("trigger's filter", true) } }) },
    log: silentLog,
    onConnect: ({ viewer }) => ({ viewer }),
    context: ({ connection, operation }) => {
      sightings.note("context");
      return { viewer: String(connection.params?.["viewer"]), operation };
    },
    formatError: (error) => {
      sightings.note("formatError");
      return error.toJSON();
    },
    formatResponse: (result) => {
      sightings.note("formatResponse");
      return result;
    },
    onUnsubscribe: () => look("onUnsubscribe of the server"),
  };
}

const query = "subscription { posted { text error } }";
const triggeredQuery = "subscription { triggered { text error } }";

describe("What happens when an event is delivered knows nothing of the request", () => {
  it.each<Options>([
    { late: false, shared: true },
    { late: true, shared: true },
    { late: false, shared: false },
    { late: true, shared: false },
  ])("that published it, or that subscribed first: late $late, shared $shared", async (options) => {
    const sightings = new Sightings();
    await using fanfare = createFanfare(serverOptions(sightings, options));
    const clients: TestClient[] = [];
    for (const viewer of ["ann", "bob"]) {
      await request.run(`of ${viewer}`, async () => {
        const client = await connected(fanfare, { viewer });
        await client.subscribe(query);
        await client.subscribe(triggeredQuery);
        clients.push(client);
      });
    }
    sightings.forget();
    await request.run("of the publisher", async () => {
      for (const text of ["one", "two"]) await fanfare.publish("posts", { triggered: { text }, text });
      await fanfare.end("posts");
    });
    for (const client of clients) {
      const types: string[] = [];
      while (types.length < 6) types.push((await client.receive()).type);
      expect(types.toSorted()).toEqual(["complete", "complete", "next", "next", "next", "next"]);
    }
    await turns(10);
    expect(new Set(Object.values(sightings.all).flat())).toEqual(new Set([undefined]));
    const everywhere = ["field", "filter", "formatError", "formatResponse", "isTypeOf", "onUnsubscribe"];
    const more = ["onUnsubscribe of the server", "resolve", "trigger's filter", "visible"];
    expect(sightings.places).toEqual([...everywhere, ...more, ...(options.shared ? [] : ["context"])].toSorted());
  });

  it("that joined another topic, or left one", async () => {
    const sightings = new Sightings();
    const operations: OperationHandle[] = [];
    const options = serverOptions(sightings, { late: true, shared: true });
    await using fanfare = createFanfare<Viewing>({
      ...options,
      context: ({ connection, operation }) => {
        operations.push(operation);
        return { viewer: String(connection.params?.["viewer"]), operation };
      },
    });
    const ann = await connected(fanfare, { viewer: "ann" });
    const bob = await connected(fanfare, { viewer: "ann" });
    for (const client of [ann, bob]) await client.subscribe(query);
    sightings.forget();
    await fanfare.publish("posts", { text: "one" });
    await request.run("of a mutation", async () => {
      await operations[0]?.join("others");
      await fanfare.publish("others", { text: "two" });
      await operations[1]?.leave("posts");
    });
    expect(await ann.receiveNext("1")).toMatchObject({ data: { posted: { text: "text" } } });
    expect(await bob.receiveNext("1")).toMatchObject({ data: { posted: { text: "text" } } });
    expect(await ann.receiveNext("1")).toMatchObject({ data: { posted: { text: "text" } } });
    expect(new Set(Object.values(sightings.all).flat())).toEqual(new Set([undefined]));
  });

  it("whose slowness made a queue overflow", async () => {
    const sightings = new Sightings();
    await using fanfare = createFanfare(serverOptions(sightings, { late: false, shared: true }));
    const ann = await request.run("of ann", () => connected(fanfare, { viewer: "ann" }));
    await request.run("of ann", () => ann.subscribe(query));
    ann.pause();
    await request.run("of the publisher", async () => {
      for (let count = 0; count < 5; count += 1) await fanfare.publish("posts", { text: `${count}` });
    });
    await turns(3);
    expect(sightings.all["key"]).toEqual([undefined]);
  });

  it("that made the server write to somebody else in the same turn", async () => {
    const sightings = new Sightings();
    await using fanfare = createFanfare(serverOptions(sightings, { late: false, shared: true }));
    const ann = await connected(fanfare, { viewer: "ann" });
    await ann.subscribe(query);
    const bob = await connected(fanfare, { viewer: "bob" });
    request.run("of bob", () => bob.send({ type: "ping" }));
    await request.run("of the publisher", () => fanfare.publish("posts", { text: "one" }));
    await ann.receiveNext("1");
    expect(sightings.all["visible"]).toEqual([undefined]);
  });

  it("that a broker was told about it in", async () => {
    const sightings = new Sightings();
    await using broker = memoryBroker();
    await using fanfare = createFanfare({ ...serverOptions(sightings, { late: false, shared: true }), broker });
    const ann = await request.run("of ann", () => connected(fanfare, { viewer: "ann" }));
    await request.run("of ann", () => ann.subscribe(query));
    const event = { topic: "posts", id: "1", time: 0, payload: { text: "one" }, end: false };
    await request.run("of a broker", () => broker.publish([event]));
    await ann.receiveNext("1");
    expect(sightings.all["filter"]).toEqual([undefined]);
  });
});

describe("What happens when a client subscribes knows its own request", () => {
  it("in the topics of its operation and in its context, also while others share the result", async () => {
    const seen: [string, string | undefined][] = [];
    const posted = {
      type: GraphQLString,
      ...subscription({
        topics: (_args: object, { viewer }: Viewing) => {
          seen.push([viewer, request.getStore()]);
          return ["posts"];
        },
      }),
    };
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
      subscription: new GraphQLObjectType({ name: "Subscription", fields: { posted } }),
    });
    await using fanfare = createFanfare({ schema, log: silentLog, onConnect: ({ viewer }) => ({ viewer }) });
    for (const viewer of ["ann", "bob"]) {
      const client = await connected(fanfare, { viewer });
      await request.run(`of ${viewer}`, () => client.subscribe("subscription { posted }"));
    }
    expect(seen).toEqual([
      ["ann", "of ann"],
      ["bob", "of bob"],
    ]);
  });

  it("in the delivery of what waited for its first value", async () => {
    const sightings = new Sightings();
    const first = Promise.withResolvers<object>();
    const options = serverOptions(sightings, { late: false, shared: true, initial: () => first.promise });
    await using fanfare = createFanfare(options);
    const client = await request.run("of ann", async () => {
      const ann = await connected(fanfare, { viewer: "ann" });
      await ann.subscribe(query);
      return ann;
    });
    await request.run("of the publisher", () => fanfare.publish("posts", { text: "one" }));
    await client.assertNoMessages();
    request.run("of somebody else", () => first.resolve({ text: "first" }));
    await client.receiveNext("1");
    await client.receiveNext("1");
    expect(sightings.all["visible"]).toEqual(["of ann"]);
  });
});

describe("What a server does by itself", () => {
  it("knows the async context in which the server was made", async () => {
    const sightings = new Sightings();
    await using fanfare = request.run("of the start", () =>
      createFanfare(serverOptions(sightings, { late: false, shared: true })),
    );
    const ann = await connected(fanfare, { viewer: "ann" });
    await ann.subscribe(query);
    await request.run("of the publisher", () => fanfare.publish("posts", { text: "one" }));
    await ann.receiveNext("1");
    expect(sightings.all["filter"]).toEqual(["of the start"]);
    expect(sightings.all["visible"]).toEqual(["of the start"]);
  });
});
