import { GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";
import { LiveClient } from "./live-client.ts";
import { NotingLog } from "./noting-log.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });
const query = `subscription Watch { watched(room: "lobby") { id } }`;

/** A field that tells `told` of each end. */
function watched(told: (what: unknown) => void | Promise<void>) {
  return {
    type: messageType,
    args: { room: { type: GraphQLString } },
    ...subscription({
      topics: (args: { room: string }, { operation }) => {
        operation.state["since"] = "the beginning";
        return [room(args)];
      },
      onUnsubscribe: (args, { user, operation: { id, name, state } }) =>
        told({ args, user, operation: { id, name, state: { ...state } } }),
    }),
  };
}

function serverTelling(told: (what: unknown) => void | Promise<void>, log = silentLog): Fanfare {
  return createFanfare({
    schema: chatSchema({ watched: watched(told) }),
    log,
    onConnect: ({ user }) => ({ user }),
  });
}

const whatItTells = {
  args: { room: "lobby" },
  user: "ada",
  operation: { id: "1", name: "Watch", state: { since: "the beginning" } },
};

describe("`onUnsubscribe` of a declared field", () => {
  it("is called once when the client completes the operation, with its arguments, context and state", async () => {
    const told: unknown[] = [];
    await using fanfare = serverTelling((what) => void told.push(what));
    await using client = await connected(fanfare, { user: "ada" });
    const id = await client.subscribe(query);
    expect(told).toEqual([]);
    client.complete(id);
    client.complete(id);
    expect(told).toEqual([whatItTells]);
    client.socket.terminate();
    await turns(5);
    expect(told).toHaveLength(1);
  });

  it("is called when the socket just dies", async () => {
    const told: unknown[] = [];
    await using fanfare = serverTelling((what) => void told.push(what));
    await using client = await connected(fanfare, { user: "ada" });
    await client.subscribe(query);
    client.socket.terminate();
    expect(told).toEqual([whatItTells]);
  });

  it("is called when a real client's socket dies without a word", async () => {
    const { promise: told, resolve } = Promise.withResolvers<unknown>();
    await using fanfare = serverTelling((what) => resolve(what));
    const client = await LiveClient.of(fanfare, { user: "ada" });
    const results = client.iterate({ query });
    await publishUntil(fanfare, results.next());
    await client.cut();
    expect(await told).toEqual({ ...whatItTells, operation: { ...whatItTells.operation, id: expect.any(String) } });
    await expect(results.next()).rejects.toMatchObject({ code: 1006 });
  });

  it("is called when the server ends the operation", async () => {
    const told: unknown[] = [];
    await using fanfare = serverTelling((what) => void told.push(what));
    await using client = await connected(fanfare, { user: "ada" });
    const id = await client.subscribe(query);
    await fanfare.end(lobby);
    await client.receiveComplete(id);
    expect(told).toEqual([whatItTells]);
  });

  it("is called when the server is disposed", async () => {
    const told: unknown[] = [];
    const fanfare = serverTelling((what) => void told.push(what));
    await using client = await connected(fanfare, { user: "ada" });
    await client.subscribe(query);
    await fanfare[Symbol.asyncDispose]();
    expect(told).toEqual([whatItTells]);
  });

  it("is called for each operation of those that share its work", async () => {
    const told: unknown[] = [];
    await using fanfare = serverTelling((what) => void told.push(what));
    await using ada = await connected(fanfare, { user: "ada" });
    await using bob = await connected(fanfare, { user: "bob" });
    await ada.subscribe(query);
    const id = await bob.subscribe(query);
    ada.socket.terminate();
    expect(told).toEqual([whatItTells]);
    await fanfare.publish(lobby, message("one"));
    expect(await bob.receiveNext(id)).toEqual({ data: { watched: { id: "one" } } });
    bob.complete(id);
    expect(told).toEqual([whatItTells, { ...whatItTells, user: "bob" }]);
  });

  it.each(["topics", "initial"] as const)("is called when the client stops while `%s` is computed", async (which) => {
    const told: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = {
      type: messageType,
      ...subscription({
        topics: async () => {
          if (which === "topics") await promise;
          return [lobby];
        },
        initial: async () => {
          if (which === "initial") await promise;
          return message("zero");
        },
        onUnsubscribe: () => void told.push("unsubscribed"),
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ slow }), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { slow { id } }");
    client.complete(id);
    resolve();
    await turns(5);
    await fanfare.publish(lobby, message("one"));
    await client.assertNoMessages();
    expect(told).toEqual(["unsubscribed"]);
  });

  it("that fails is told to the operator and to nobody else", async () => {
    const log = new NotingLog();
    await using fanfare = serverTelling(() => Promise.reject(new Error("the table of guests is gone")), log);
    await using client = await connected(fanfare, { user: "ada" });
    const id = await client.subscribe(query);
    client.complete(id);
    await client.assertNoMessages();
    expect(log.messages).toEqual(["onUnsubscribe failed"]);
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
  });

  it("is not called for an operation that could not be started", async () => {
    const told: unknown[] = [];
    await using fanfare = serverTelling((what) => void told.push(what));
    await using client = await connected(fanfare);
    const id = client.start("subscription { watched { id } }");
    await client.receiveError(id);
    client.complete(id);
    expect(told).toEqual([]);
  });
});

/** A remote client cannot see when its subscription is live: publishes until it has heard something. */
async function publishUntil(fanfare: Fanfare, heard: Promise<unknown>): Promise<void> {
  const still = Symbol("still waiting");
  while ((await Promise.race([heard, turns(1).then(() => still)])) === still)
    await fanfare.publish(lobby, message("one"));
}
