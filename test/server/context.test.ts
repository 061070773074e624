import { AsyncLocalStorage } from "node:async_hooks";
import { GraphQLError, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type ContextInput } from "fanfare";
import { chatSchema, message, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });
const mine = `subscription Mine { messageAdded(room: "lobby") { mine } }`;

function fail(): never {
  throw new GraphQLError("ada has no context");
}

describe("The context", () => {
  it("is made for each execution: for subscribing, and for each event", async () => {
    let made = 0;
    await using fanfare = createFanfare({
      schema: chatSchema(),
      log: silentLog,
      context: () => ({ user: `user ${(made += 1)}` }),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe(mine);
    expect(made).toBe(1);
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(lobby, message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { mine: "user 2:one" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { mine: "user 3:two" } } });
  });

  it("is given the connection, the request and the operation, and may be made asynchronously", async () => {
    const given: ContextInput[] = [];
    await using fanfare = createFanfare({
      schema: chatSchema(),
      log: silentLog,
      onConnect: ({ user }) => ({ user }),
      context: async (input) => {
        given.push(input);
        return { ...input.connection.connected };
      },
    });
    await using client = await connected(fanfare, { user: "ada" });
    const id = await client.subscribe(mine);
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { mine: "ada:one" } } });
    expect(given).toHaveLength(2);
    for (const { connection, operation, request } of given) {
      expect([connection.params, operation.id, operation.name]).toEqual([{ user: "ada" }, id, "Mine"]);
      expect(request.query).toBe(mine);
    }
  });

  it("keeps what it is an instance of, and is not changed itself", async () => {
    class Caller {
      readonly #name: string;
      constructor(name: string) {
        this.#name = name;
      }
      get user(): string {
        return this.#name;
      }
      async greet(word: string): Promise<string> {
        return `${word}, ${this.#name}`;
      }
    }
    const caller = new Caller("ada");
    const greeting = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolveFor: ({ text }, _args, context) => {
          if (Reflect.get(context, "constructor") !== Caller || !(context instanceof Caller)) return "nobody calls";
          return context.greet(`${text} in ${context.operation.name}`);
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ greeting }), log: silentLog, context: () => caller });
    await using ada = await connected(fanfare);
    await using eve = await connected(fanfare);
    const first = await ada.subscribe("subscription A { greeting }");
    const second = await eve.subscribe("subscription B { greeting }");
    await fanfare.publish(lobby, message("hello"));
    expect(await ada.receiveNext(first)).toEqual({ data: { greeting: "hello in A, ada" } });
    expect(await eve.receiveNext(second)).toEqual({ data: { greeting: "hello in B, ada" } });
    expect("operation" in caller).toBe(false);
  });

  it("that cannot be made is an error: of the operation before it is live, of the result afterwards", async () => {
    let expired = false;
    await using fanfare = createFanfare({
      schema: chatSchema(),
      log: silentLog,
      context: () => {
        if (expired) throw new GraphQLError("Your session has expired");
        return {};
      },
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe(mine);
    expired = true;
    expect(await client.receiveError(client.start(mine))).toEqual([{ message: "Your session has expired" }]);
    expect(await client.execute("{ hi }")).toEqual({ errors: [{ message: "Your session has expired" }] });
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ errors: [{ message: "Your session has expired" }], data: null });
    expired = false;
    await fanfare.publish(lobby, message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { mine: "undefined:two" } } });
  });

  it.each([
    ["at once", () => fail()],
    ["later", async () => fail()],
  ])("that fails for one client %s spoils nothing for those who share its result", async (_, failing) => {
    let broken = false;
    await using fanfare = createFanfare<{ user?: string }>({
      schema: chatSchema(),
      log: silentLog,
      shareBy: () => "all",
      context: ({ connection }) => (broken && connection.params?.["user"] === "ada" ? failing() : { user: "all" }),
    });
    await using ada = await connected(fanfare, { user: "ada" });
    await using bob = await connected(fanfare, { user: "bob" });
    const ids = [await ada.subscribe(mine), await bob.subscribe(mine)];
    broken = true;
    await fanfare.publish(lobby, message("one"));
    for (const client of [ada, bob]) {
      expect(await client.receiveNext(ids[0] ?? "")).toEqual({ data: { messageAdded: { mine: "all:one" } } });
    }
  });

  it("does not carry a publisher's async context into the executions of others", async () => {
    const request = new AsyncLocalStorage<string>();
    const secret = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        filter: () => request.getStore() === undefined,
        resolveFor: async () => {
          await Promise.resolve();
          return request.getStore() ?? "nothing";
        },
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ secret }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { secret }");
    await request.run("the publisher's secret", () => fanfare.publish(lobby, message("one")));
    expect(await client.receiveNext(id)).toEqual({ data: { secret: "nothing" } });
  });
});
