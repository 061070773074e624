import { GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, createPublisher, silentLog, SKIP, type Fanfare, type OperationContext } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import { Subscription } from "fanfare/compat";
import { turns } from "fanfare/testing";
import { connected } from "../server/connected.ts";
import { Executions } from "../server/executions.ts";

interface Message {
  readonly author: string;
  readonly text: string;
}
interface Args {
  readonly room?: string;
}
interface Context {
  readonly user: string;
}

const text = { type: GraphQLString };
const messageType = new GraphQLObjectType({ name: "Message", fields: { author: text, text } });
const args = { room: text };
const hello: Message = { author: "ada", text: "hello" };

class OnMessage extends Subscription<Message, Args> {
  override subscribe({ room }: Args) {
    return room === undefined ? [] : [room];
  }
  override publish(message: Message) {
    return message;
  }
}

const left: string[] = [];

/** Skips the messages of its own user, and counts the others. */
class OnOthers extends Subscription<Message, Args, Context> {
  override subscribe(_args: Args, { user, operation }: Context & OperationContext) {
    operation.state["heard"] = `${user} has heard`;
    return ["lobby"];
  }
  override publish(message: Message, _args: Args, { user, operation }: Context & OperationContext) {
    return message.author === user ? SKIP : { ...message, text: `${String(operation.state["heard"])} ${message.text}` };
  }
  override unsubscribed(_args: Args, { user }: Context) {
    left.push(user);
  }
}

class Latest extends Subscription<Message> {
  override readonly queueLimit = 1;
  override publish(message: Message) {
    return message;
  }
}

class Wrong extends Subscription<Message> {
  // Only plain JavaScript can return such a value.
  override subscribe() {
    return Object("lobby");
  }
  override publish(message: Message) {
    return message;
  }
}

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hi: text } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      onMessage: OnMessage.field({ type: new GraphQLNonNull(messageType), args, description: "What was said" }),
      onOthers: OnOthers.field({ type: messageType, args }),
      latest: Latest.field({ type: messageType }),
      wrong: Wrong.field({ type: messageType }),
    },
  }),
});

function server(): Fanfare<Context> {
  const fanfare = createFanfare<Context>({
    schema,
    log: silentLog,
    context: ({ connection }) => ({ user: String(connection.params?.["user"]) }),
  });
  Subscription.publisher = fanfare;
  return fanfare;
}

describe("A subscription class", () => {
  it("gets broadcasts to its groups, and to the whole class (S3-04, S3-07, S3-10)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const lobby = await client.subscribe('subscription { onMessage(room: "lobby") { text } }');
    await OnMessage.broadcast({ group: "attic", payload: hello });
    await OnMessage.broadcast({ group: "lobby", payload: hello });
    await OnMessage.broadcast({ payload: { ...hello, text: "everybody" } });
    expect(await client.receiveNext(lobby)).toEqual({ data: { onMessage: { text: "hello" } } });
    expect(await client.receiveNext(lobby)).toEqual({ data: { onMessage: { text: "everybody" } } });
    await client.assertNoMessages();
  });

  it("without a group gets only broadcasts to the whole class", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { onMessage { text } }");
    await OnMessage.broadcast({ group: "lobby", payload: hello });
    await OnMessage.broadcast({ payload: { ...hello, text: "everybody" } });
    expect(await client.receiveNext(id)).toEqual({ data: { onMessage: { text: "everybody" } } });
    await client.assertNoMessages();
  });

  it("does not share a group with another class, whatever its name (S3-11)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare, { user: "bob" });
    await client.subscribe('subscription { onMessage(room: "lobby") { text } }');
    await client.subscribe("subscription { onOthers { text } }");
    await OnOthers.broadcast({ group: "lobby", payload: hello });
    expect(await client.receive()).toMatchObject({ payload: { data: { onOthers: { text: "bob has heard hello" } } } });
    await client.assertNoMessages();
  });

  it.each(["", ":", "%3A", "a:b", "*", "🏊"])("may have a group with the name %j (S3-L26)", async (room) => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const query = "subscription Q($room: String) { onMessage(room: $room) { text } }";
    const id = await client.subscribe({ query, variables: { room } });
    await OnMessage.broadcast({ group: `${room}x`, payload: hello });
    await client.assertNoMessages();
    await OnMessage.broadcast({ group: room, payload: hello });
    await client.receiveNext(id);
  });

  it("can skip an event for the client that caused it, and keeps state from subscribe to publish (S3-12, S3-L01)", async () => {
    await using fanfare = server();
    await using ada = await connected(fanfare, { user: "ada" });
    await using bob = await connected(fanfare, { user: "bob" });
    await ada.subscribe("subscription { onOthers { text } }");
    const id = await bob.subscribe("subscription { onOthers { text } }");
    await OnOthers.broadcast({ group: "lobby", payload: hello });
    expect(await bob.receiveNext(id)).toEqual({ data: { onOthers: { text: "bob has heard hello" } } });
    await ada.assertNoMessages();
  });

  it("is executed once for all operations with the same plan, if its publish takes no context", async () => {
    using executions = new Executions();
    await using fanfare = server();
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    const query = 'subscription { onMessage(room: "lobby") { text } }';
    await ada.subscribe(query);
    const id = await bob.subscribe(query);
    await OnMessage.broadcast({ group: "lobby", payload: hello });
    await bob.receiveNext(id);
    expect(executions.shared).toHaveLength(1);
  });

  it("completes when the server ends a group, or the whole class (S3-08)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const lobby = await client.subscribe('subscription { onMessage(room: "lobby") { text } }');
    const attic = await client.subscribe('subscription { onMessage(room: "attic") { text } }');
    await OnMessage.unsubscribe({ group: "lobby" });
    await client.receiveComplete(lobby);
    await client.assertNoMessages();
    await OnMessage.unsubscribe();
    await client.receiveComplete(attic);
  });

  it("has its `unsubscribed` called at the end of a subscription, also when the connection is lost (S3-06, S3-16)", async () => {
    left.length = 0;
    await using fanfare = server();
    await using ada = await connected(fanfare, { user: "ada" });
    ada.complete(await ada.subscribe("subscription { onOthers { text } }"));
    await turns(2);
    expect(left).toEqual(["ada"]);
    const bob = await connected(fanfare, { user: "bob" });
    await bob.subscribe("subscription { onOthers { text } }");
    bob.socket.terminate();
    await turns(2);
    expect(left).toEqual(["ada", "bob"]);
  });

  it("keeps only the latest result for a slow client with the queue limit 1 (S3-L12)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { latest { text } }");
    client.pause();
    for (const number of [1, 2, 3]) {
      await Latest.broadcast({ payload: { ...hello, text: String(number) } });
      await turns(3);
    }
    client.resume();
    expect(await client.receiveNext(id)).toMatchObject({ data: { latest: { text: "3" } } });
    await client.assertNoMessages();
  });

  it("drops the oldest of 1,024 results by default, and tells the gap (S3-L11)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { onMessage { text } }");
    client.pause();
    for (let number = 0; number < 1_030; number += 1) {
      await OnMessage.broadcast({ payload: { ...hello, text: String(number) } });
      await turns(1);
    }
    client.resume();
    const first = await client.receiveNext(id);
    expect(first).toMatchObject({ extensions: { fanfare: { gap: { reason: "overflow" } } } });
    expect(Number(Object(first).data.onMessage.text)).toBeGreaterThanOrEqual(6);
  });

  it("refuses a subscribe that returns anything but a list of names (S3-04)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    await client.receiveError(client.start("subscription { wrong { text } }"));
  });

  it("keeps the other properties of its field's definition (S3-09)", () => {
    const field = schema.getSubscriptionType()?.getFields()["onMessage"];
    expect(field).toMatchObject({ description: "What was said" });
    expect(String(field?.type)).toBe("Message!");
  });

  it("refuses a queue limit below 1", () => {
    class Nothing extends OnMessage {
      override readonly queueLimit = 0;
    }
    expect(() => Nothing.field({ type: messageType })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });

  it("can broadcast by a publisher in a process without a schema (S3-07, S3-L08)", async () => {
    const broker = memoryBroker();
    await using fanfare = createFanfare<Context>({ schema, log: silentLog, broker });
    await using publisher = createPublisher({ broker });
    Subscription.publisher = publisher;
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { onMessage { text } }");
    await OnMessage.broadcast({ payload: hello });
    expect(await client.receiveNext(id)).toEqual({ data: { onMessage: { text: "hello" } } });
  });

  it("throws NOT_BOUND without a publisher", async () => {
    Subscription.publisher = undefined;
    await expect(OnMessage.broadcast({ payload: hello })).rejects.toMatchObject({ code: "NOT_BOUND" });
    await expect(OnMessage.unsubscribe()).rejects.toMatchObject({ code: "NOT_BOUND" });
  });
});
