import { GraphQLNonNull, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });

/** Operations that are held up until they are let go, by name. */
class Gates {
  readonly begun: string[] = [];
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  async pass(name: string): Promise<void> {
    this.begun.push(name);
    await this.#gate(name).promise;
  }

  open(name: string): void {
    this.#gate(name).resolve();
  }

  #gate(name: string): PromiseWithResolvers<void> {
    const gate = this.#gates.get(name) ?? Promise.withResolvers();
    this.#gates.set(name, gate);
    return gate;
  }
}

/** A server whose operations are held up in their contexts. */
function serverWith(gates: Gates, options: Partial<FanfareOptions>): Fanfare {
  return createFanfare({
    schema: chatSchema(),
    log: silentLog,
    context: async ({ operation }) => {
      await gates.pass(operation.name ?? "");
      return {};
    },
    ...options,
  });
}

describe("Operations of one connection", () => {
  it("run concurrently by default: one that is slow holds up no other", async () => {
    const gates = new Gates();
    await using fanfare = serverWith(gates, {});
    await using client = await connected(fanfare);
    const slow = client.start("query Slow { hi }");
    const quick = client.start("query Quick { hi }");
    const live = client.start(`subscription Live { messageAdded(room: "lobby") { id } }`);
    await turns(3);
    expect(gates.begun).toEqual(["Slow", "Quick", "Live"]);
    gates.open("Quick");
    await client.receiveNext(quick);
    await client.receiveComplete(quick);
    gates.open("Live");
    await turns(8);
    await fanfare.publish(lobby, message("one"));
    await client.receiveNext(live);
    gates.open("Slow");
    await client.receiveNext(slow);
  });

  it("run one after the other with strict ordering, each to its result or until it is live", async () => {
    const gates = new Gates();
    await using fanfare = serverWith(gates, { ordering: "strict" });
    await using client = await connected(fanfare);
    const first = client.start("query First { hi }");
    const live = client.start(`subscription Live { messageAdded(room: "lobby") { id } }`);
    const third = client.start("mutation Third { shout }");
    await turns(3);
    expect(gates.begun).toEqual(["First"]);
    gates.open("Third");
    gates.open("Live");
    await turns(3);
    expect(gates.begun).toEqual(["First"]);
    gates.open("First");
    await client.receiveNext(first);
    await client.receiveComplete(first);
    await client.receiveNext(third);
    await client.receiveComplete(third);
    expect(gates.begun).toEqual(["First", "Live", "Third"]);
    await fanfare.publish(lobby, message("one"));
    await client.receiveNext(live);
  });

  it("go on with strict ordering after one that fails, and after one that is stopped while it runs", async () => {
    const gates = new Gates();
    await using fanfare = serverWith(gates, { ordering: "strict" });
    await using client = await connected(fanfare);
    const wrong = client.start("{ nothing }");
    await client.receiveError(wrong);
    client.complete(client.start(`subscription Stopped { messageAdded(room: "lobby") { id } }`));
    const last = client.start("query Last { hi }");
    gates.open("Stopped");
    gates.open("Last");
    await client.receiveNext(last);
    await client.receiveComplete(last);
  });

  it("are ordered strictly per connection: nobody waits for another's", async () => {
    const gates = new Gates();
    await using fanfare = serverWith(gates, { ordering: "strict" });
    await using slow = await connected(fanfare);
    await using quick = await connected(fanfare);
    slow.start("query Slow { hi }");
    const id = quick.start("query Quick { hi }");
    gates.open("Quick");
    await quick.receiveNext(id);
    await slow.assertNoMessages();
  });

  it("start at most so many at the same time, and the others in the order in which they came", async () => {
    const gates = new Gates();
    await using fanfare = serverWith(gates, { limits: { starting: 2 } });
    await using client = await connected(fanfare);
    const names = ["A", "B", "C", "D"];
    for (const name of names) client.start(`subscription ${name} { messageAdded(room: "lobby") { id } }`, name);
    await turns(3);
    expect(gates.begun).toEqual(["A", "B"]);
    gates.open("B");
    await turns(8);
    expect(gates.begun).toEqual(["A", "B", "C"]);
    client.complete("D");
    gates.open("A");
    gates.open("C");
    await turns(8);
    expect(gates.begun).toEqual(["A", "B", "C"]);
  });
});

describe("Results of one operation", () => {
  it.each([
    ["its shared resolver", { resolve: true }],
    ["its private resolver", { resolve: false }],
  ])("keep the order of their events, however long %s takes for each", async (_whose, { resolve: isShared }) => {
    const gates = new Gates();
    const say = async ({ text }: { text: string }): Promise<string> => {
      await gates.pass(text);
      return text;
    };
    const said = {
      type: new GraphQLNonNull(GraphQLString),
      ...subscription({ topics: () => [lobby], ...(isShared ? { resolve: say } : { resolveFor: say }) }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ said }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { said }");
    for (const text of ["one", "two", "three"]) await fanfare.publish(lobby, message(text));
    await turns(2);
    expect(gates.begun).toEqual(["one", "two", "three"]);
    gates.open("three");
    gates.open("two");
    await client.assertNoMessages();
    gates.open("one");
    for (const text of ["one", "two", "three"]) {
      expect(await client.receiveNext(id)).toEqual({ data: { said: text } });
    }
  });

  it("keep the order where a resolver below the root is slow for some of them", async () => {
    const gates = new Gates();
    const slowly = {
      type: messageType,
      ...subscription({
        topics: () => [lobby],
        resolve: (event) => ({
          ...event,
          text: () => (event.text === "slow" ? gates.pass("slow").then(() => "slow") : event.text),
        }),
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ slowly }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { slowly { text } }");
    await fanfare.publish(lobby, message("slow"));
    await fanfare.publish(lobby, message("quick"));
    await client.assertNoMessages();
    gates.open("slow");
    expect(await client.receiveNext(id)).toEqual({ data: { slowly: { text: "slow" } } });
    expect(await client.receiveNext(id)).toEqual({ data: { slowly: { text: "quick" } } });
  });

  it("stand before the end of their topic, which waits for them", async () => {
    const gates = new Gates();
    const said = {
      type: GraphQLString,
      ...subscription({ topics: () => [lobby], resolve: ({ text }) => gates.pass(text).then(() => text) }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ said }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { said }");
    await fanfare.publish(lobby, message("last"));
    await fanfare.end(lobby);
    await client.assertNoMessages();
    gates.open("last");
    expect(await client.receiveNext(id)).toEqual({ data: { said: "last" } });
    await client.receiveComplete(id);
  });

  it("are not sent any more when the client stopped the operation while they were computed", async () => {
    const gates = new Gates();
    const said = {
      type: GraphQLString,
      ...subscription({ topics: () => [lobby], resolve: ({ text }) => gates.pass(text).then(() => text) }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ said }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { said }");
    await fanfare.publish(lobby, message("one"));
    client.complete(id);
    gates.open("one");
    await client.assertNoMessages();
  });
});
