import { PubSub } from "graphql-subscriptions";
import { describe, expect, it } from "vitest";
import { createFanfare, createPublisher, silentLog } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import { pubSubEngineBroker } from "fanfare/brokers/pubsub-engine";
import { turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";

const lobby = room({ room: "lobby" });
const attic = room({ room: "attic" });
const inLobby = `subscription { messageAdded(room: "lobby") { id } }`;

describe("fanfare.publish", () => {
  it("reaches every subscriber of the topic, and nobody else", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    const first = await ada.subscribe(inLobby);
    const second = await bob.subscribe(inLobby);
    const third = await bob.subscribe(`subscription { messageAdded(room: "attic") { id } }`);
    await fanfare.publish(lobby, message("one"));
    await fanfare.publish(attic, message("two"));
    expect(await ada.receiveNext(first)).toEqual({ data: { messageAdded: { id: "one" } } });
    expect(await bob.receiveNext(second)).toEqual({ data: { messageAdded: { id: "one" } } });
    expect(await bob.receiveNext(third)).toEqual({ data: { messageAdded: { id: "two" } } });
    await ada.assertNoMessages();
    await bob.assertNoMessages();
  });

  it("takes a topic's bare name", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    await fanfare.publish("room:lobby", message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "one" } } });
  });

  it("delivers an event once that is published again with the same id", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    await fanfare.publish(lobby, message("one"), { id: "7" });
    await fanfare.publish(lobby, message("one"), { id: "7" });
    await client.receiveNext(id);
    await client.assertNoMessages();
  });

  it("is not needed before somebody listens, and costs nothing when nobody does", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await expect(fanfare.publish(lobby, message("one"))).resolves.toBeUndefined();
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    await client.assertNoMessages();
    await fanfare.publish(lobby, message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "two" } } });
  });

  it("rejects with CLOSED after the end of the server, as `end` does", async () => {
    const fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await fanfare[Symbol.asyncDispose]();
    await expect(fanfare.publish(lobby, message("one"))).rejects.toMatchObject({ code: "CLOSED" });
    await expect(fanfare.end(lobby)).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("fanfare.end", () => {
  it("completes the subscriptions of several topics, after what was published before", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    const first = await client.subscribe(inLobby);
    const second = await client.subscribe(`subscription { messageAdded(room: "attic") { id } }`);
    const third = await client.subscribe(`subscription { messageAdded(room: "cellar") { id } }`);
    await Promise.all([fanfare.publish(lobby, message("one")), fanfare.end([lobby, attic])]);
    const received = [await client.receive(), await client.receive(), await client.receive()];
    expect(received).toContainEqual({ type: "complete", id: second });
    expect(received.filter(({ id }) => id === first).map(({ type }) => type)).toEqual(["next", "complete"]);
    await fanfare.publish(room({ room: "cellar" }), message("two"));
    expect(await client.receiveNext(third)).toEqual({ data: { messageAdded: { id: "two" } } });
  });

  it("lets a topic be subscribed to again", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    await client.subscribe(inLobby);
    await fanfare.end(lobby);
    await client.receive({ type: "complete" });
    const id = await client.subscribe(inLobby);
    await client.assertNoMessages();
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "one" } } });
  });
});

describe("A publisher without a schema", () => {
  it("reaches the clients of a server with the same broker, and ends their topics", async () => {
    const broker = memoryBroker();
    await using publisher = createPublisher({ broker });
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog, broker });
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    await publisher.publish([lobby, attic], message("one"));
    await publisher.end(lobby);
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "one" } } });
    await client.receiveComplete(id);
  });

  it("goes on when the server is gone, since a broker that was given is closed by its giver", async () => {
    const broker = memoryBroker();
    await using publisher = createPublisher({ broker });
    await createFanfare({ schema: chatSchema(), log: silentLog, broker })[Symbol.asyncDispose]();
    await expect(publisher.publish(lobby, message("one"))).resolves.toBeUndefined();
  });
});

describe("A server on a PubSubEngine", () => {
  it("hears what other code publishes on the engine, and other code hears what it publishes", async () => {
    const engine = new PubSub();
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog, broker: pubSubEngineBroker(engine) });
    await using client = await connected(fanfare);
    const id = await client.subscribe(inLobby);
    await engine.publish("room:lobby", message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "one" } } });
    const heard: unknown[] = [];
    await engine.subscribe("room:lobby", (payload) => void heard.push(payload));
    await fanfare.publish(lobby, message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "two" } } });
    expect(heard).toEqual([message("two")]);
  });

  it("delivers an event of several topics once, and ends topics", async () => {
    const anywhere = { type: messageType, ...tools.subscription({ topics: () => [lobby, attic] }) };
    await using fanfare = createFanfare({
      schema: chatSchema({ anywhere }),
      log: silentLog,
      broker: pubSubEngineBroker(new PubSub()),
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { anywhere { id } }");
    await fanfare.publish([lobby, attic], message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { anywhere: { id: "one" } } });
    await client.assertNoMessages();
    await fanfare.end(lobby);
    await client.receiveComplete(id);
  });

  it("leaves the engine when nobody listens any more, and when it is disposed", async () => {
    const unsubscribed: unknown[] = [];
    const engine = new PubSub();
    const unsubscribe = engine.unsubscribe.bind(engine);
    const watched = Object.assign(engine, {
      unsubscribe: (id: number) => {
        unsubscribed.push(id);
        unsubscribe(id);
      },
    });
    const options = { schema: chatSchema(), log: silentLog, linger: 0 };
    const fanfare = createFanfare({ ...options, broker: pubSubEngineBroker(watched) });
    await using client = await connected(fanfare);
    client.complete(await client.subscribe(inLobby));
    await turns(5);
    const before = unsubscribed.length;
    expect(before).toBeGreaterThan(0);
    await client.subscribe(inLobby);
    await fanfare[Symbol.asyncDispose]();
    await engine.publish("room:lobby", message("one"));
    await client.assertNoMessages();
  });
});
