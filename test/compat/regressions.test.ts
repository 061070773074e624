import { EventEmitter, once } from "node:events";
import { GraphQLError, GraphQLInt, GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { PubSub } from "graphql-subscriptions";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFanfare, createPublisher, declare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { graphqlSubscriptions, graphqlTransportWs, graphqlWs } from "fanfare/dialects";
import { memoryBroker } from "fanfare/brokers/memory";
import { pubSubEngineBroker } from "fanfare/brokers/pubsub-engine";
import type { MessagePayload } from "fanfare/contract";
import { TestClient, turns } from "fanfare/testing";
import { play } from "../dialects/transcript.ts";
import { connected } from "../server/connected.ts";
import { StandingTime } from "../session/standing-time.ts";

interface Context {
  readonly user?: string;
}

const { subscription, topic } = declare<Context>();
const group = topic("group", { name: String }).of<string>();
const text = { type: GraphQLString };
const cars = topic<object>("cars");
const carType = new GraphQLObjectType({
  name: "Car",
  fields: { make: text, doors: { type: GraphQLInt }, colour: text },
});
const refused = "Not authorized to subscribe to one or more subscription channels.";

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: {
      hi: { ...text, resolve: () => "hello" },
      never: { ...text, resolve: () => new Promise<string>(() => {}) },
    },
  }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      heard: {
        ...text,
        args: { group: text },
        ...subscription({
          topics: ({ group: name }: { group: string }) => {
            if (name === "secret") throw new GraphQLError(refused);
            return [group({ name })];
          },
        }),
      },
      car: { type: carType, ...subscription({ topics: () => [cars()] }) },
      several: {
        ...text,
        args: { groups: { type: new GraphQLList(GraphQLString) } },
        ...subscription({
          topics: ({ groups }: { groups: readonly string[] }) => groups.map((name) => group({ name })),
        }),
      },
    },
  }),
});

function server(options: Omit<FanfareOptions<Context>, "schema"> = {}): Fanfare<Context> {
  return createFanfare<Context>({ schema, log: silentLog, linger: 0, ...options });
}

const to = (name: string): string => `subscription { heard(group: ${JSON.stringify(name)}) }`;

/** The actions of a transcript: `lobby` publishes to that group, `end lobby` ends it. */
const happeningsOf = (fanfare: Fanfare<Context>) => ({
  lobby: () => fanfare.publish(group({ name: "lobby" }), "hello"),
  end: () => fanfare.end(group({ name: "lobby" })),
});

/** The subprotocol that a real WebSocket gets, and its close code: 1000 if the client closed it after an answer. */
async function answered(
  fanfare: Fanfare<Context>,
  protocols: readonly string[],
): Promise<{ readonly protocol: string; readonly code: number }> {
  await using served = await fanfare.listen({ port: 0 });
  const socket = new WebSocket(`ws://127.0.0.1:${served.port}/graphql`, [...protocols]);
  const closed = once(socket, "close");
  await once(socket, "open");
  const { protocol } = socket;
  socket.send(protocol === "graphql-subscriptions" ? '{"type":"init"}' : '{"type":"connection_init"}');
  const [code] = await Promise.race([closed, once(socket, "message").then(() => (socket.close(1000), closed))]);
  return { protocol, code: Number(code) };
}

function refusesMallory({ user }: MessagePayload): void {
  if (user === "mallory") throw new GraphQLError("No entry");
}

/** An engine that carries messages between processes as JSON. */
function jsonEngine(wire: EventEmitter) {
  return {
    publish: (trigger: string, payload: unknown) => wire.emit(trigger, JSON.stringify(payload)),
    async subscribe(trigger: string, handler: (payload: unknown) => void) {
      const listener = (json: string): void => handler(JSON.parse(json));
      wire.on(trigger, listener);
      return () => wire.off(trigger, listener);
    },
    unsubscribe(stop: () => void) {
      stop();
    },
  };
}

describe("A fault of the servers with a subscription manager", () => {
  it("is avoided: a channel is kept while it is in use, and left once (S1-B10)", async () => {
    const eventEmitter = new EventEmitter();
    const name = group({ name: "lobby" }).name;
    await using broker = pubSubEngineBroker(new PubSub({ eventEmitter }));
    await using fanfare = server({ broker });
    await using client = await connected(fanfare);
    const queries = [to("lobby"), `subscription { other: heard(group: "lobby") }`, to("lobby")];
    const ids: string[] = [];
    for (const query of queries) ids.push(await client.subscribe(query));
    expect(eventEmitter.listenerCount(name)).toBe(1);
    const [first = "", second = "", third = ""] = ids;
    client.complete(first);
    client.complete(third);
    await turns(5);
    await fanfare.publish(group({ name: "lobby" }), "hello");
    expect(await client.receiveNext(second)).toEqual({ data: { other: "hello" } });
    client.complete(second);
    await turns(5);
    expect(eventEmitter.listenerCount(name)).toBe(0);
  });

  it("is avoided: subscriptions may begin and end while an event is delivered (S1-B11)", async () => {
    await using fanfare = server({ onUnsubscribe: () => void started.push(late.start(to("lobby"))) });
    const started: string[] = [];
    await using late = await connected(fanfare);
    await using leaving = await connected(fanfare);
    await using staying = await connected(fanfare);
    const left = await leaving.subscribe(to("lobby"));
    const stayed = await staying.subscribe(to("lobby"));
    const published = fanfare.publish(group({ name: "lobby" }), "one");
    leaving.complete(left);
    await published;
    await turns(5);
    await fanfare.publish(group({ name: "lobby" }), "two");
    expect(await staying.receiveNext(stayed)).toEqual({ data: { heard: "one" } });
    expect(await staying.receiveNext(stayed)).toEqual({ data: { heard: "two" } });
    await leaving.assertNoMessages();
    expect(started).toHaveLength(1);
  });

  it.each(["cos\nsystem\n(S'id'\ntR.", "() => process.exit(1)", '{"__proto__":{"admin":true}}'])(
    "is avoided: no payload is executed as code, such as %j from another process (S1-B12)",
    async (payload) => {
      const wire = new EventEmitter();
      await using broker = pubSubEngineBroker(jsonEngine(wire), { acrossProcesses: true });
      await using fanfare = server({ broker });
      await using client = await connected(fanfare);
      const id = await client.subscribe(to("lobby"));
      wire.emit(group({ name: "lobby" }).name, JSON.stringify(payload));
      expect(await client.receiveNext(id)).toEqual({ data: { heard: payload } });
      wire.emit(group({ name: "lobby" }).name, payload.startsWith("{") ? payload : "{}");
      expect(await client.receiveNext(id)).toMatchObject({ data: { heard: null }, errors: [{ path: ["heard"] }] });
      expect({}).not.toHaveProperty("admin");
    },
  );

  it("is avoided: no message of a client with another subprotocol is handled (S1-B13)", async () => {
    let asked = 0;
    await using fanfare = server({ onConnect: () => void (asked += 1) });
    expect(await answered(fanfare, ["unknown"])).toMatchObject({ code: 4406 });
    expect(asked).toBe(0);
    expect(await answered(fanfare, ["graphql-subscriptions"])).toMatchObject({ code: 1000 });
    expect(asked).toBe(1);
  });

  it("is avoided: publishing needs no listener in the same process (S1-B14)", async () => {
    const broker = memoryBroker();
    await using publisher = createPublisher({ broker });
    await publisher.publish(group({ name: "lobby" }), "to nobody");
    await using fanfare = server({ broker });
    await using client = await connected(fanfare);
    const id = await client.subscribe(to("lobby"));
    await publisher.publish(group({ name: "lobby" }), "from elsewhere");
    expect(await client.receiveNext(id)).toEqual({ data: { heard: "from elsewhere" } });
  });
});

describe("A fault of the servers with classes", () => {
  const start = `C> {"type":"start","id":"1","payload":{"query":"${to("lobby").replaceAll('"', '\\"')}"}}`;
  const event = `S> {"type":"data","id":"1","payload":{"data":{"heard":"hello"}}}`;
  const init = `C> {"type":"connection_init"}
                S> {"type":"connection_ack"}`;

  const ready = `C> {"type":"connection_init"}
                 S> {"type":"connection_ack"}`;
  const subscribe = 'C> {"type":"subscribe","id":"1","payload":{"query":"{ never }"}}';
  const mallory = 'C> {"type":"connection_init","payload":{"user":"mallory"}}';

  it.each([
    [4400, "a message of an unknown type", graphqlTransportWs(), `${ready}\nC> {"type":"FOO","id":"1"}`],
    [4401, "a subscribe before the acknowledgement", graphqlTransportWs(), subscribe],
    [4403, "a client that onConnect refuses", graphqlTransportWs(), mallory],
    [4408, "a client that sends no init in time", graphqlTransportWs(), "!> three seconds"],
    [4409, "an id that is in use", graphqlTransportWs(), `${ready}\n${subscribe}\n${subscribe}`],
    [4429, "a second init", graphqlTransportWs(), `${ready}\nC> {"type":"connection_init"}`],
    [
      4000,
      "a client that onConnect refuses, where that code is expected",
      graphqlWs({ refusedCode: 4000 }),
      `${mallory}\nS> {"type":"connection_error","payload":{"message":"No entry"}}`,
    ],
    [1000, "connection_terminate", graphqlWs(), `${init}\nC> {"type":"connection_terminate"}`],
  ])("ends with the same close code %i: %s (S3, 1.0.0rc7, table of codes)", async (code, _, dialect, lines) => {
    const clock = new StandingTime();
    await using fanfare = server({ clock, onConnect: refusesMallory });
    await play(fanfare, dialect, `${lines}\nS> close ${code}`, { "three seconds": () => clock.advance(3_000) });
  });

  it("is avoided: an id may be used again while its operation is starting (S3, 1.0.0rc7, code 1011)", async () => {
    await using fanfare = server();
    await play(fanfare, graphqlWs(), `${init}\n${start}\n${start}\n!> lobby\n${event}`, happeningsOf(fanfare));
    await using client = await connected(fanfare);
    client.start(to("lobby"), "1");
    client.start(to("lobby"), "1");
    await client.waitDisconnect(4409);
  });

  it("is avoided: an operation may be stopped while it is starting (S3-L21)", async () => {
    await using fanfare = server();
    const stop = `C> {"type":"stop","id":"1"}`;
    const confirming = graphqlWs({ confirmation: { data: null } });
    await play(fanfare, confirming, `${init}\n${start}\n${stop}\n!> lobby`, happeningsOf(fanfare));
  });

  it("is avoided: a broadcast to a group that was just left is not delivered (S3-W12)", async () => {
    await using fanfare = server();
    const stop = `C> {"type":"stop","id":"1"}`;
    await play(
      fanfare,
      graphqlWs(),
      `${init}\n${start}\n!> lobby\n${event}\n${stop}\n!> lobby\n${start}\n!> lobby\n${event}`,
      happeningsOf(fanfare),
    );
  });

  it.each([
    ["that is not JSON", "{"],
    ["without a type", "{}"],
    ["without an id", '{"type":"complete"}'],
  ])(
    "is avoided: a message %s closes with a code, and releases everything (S3, 1.0.0rc7, code 1011)",
    async (_, sent) => {
      const ended: string[] = [];
      await using fanfare = server({ onUnsubscribe: ({ id }) => void ended.push(id) });
      await using client = await connected(fanfare);
      const id = await client.subscribe(to("lobby"));
      client.sendRaw(sent);
      await client.waitDisconnect(4400);
      expect(ended).toEqual([id]);
    },
  );
});

describe("A fault of the servers with groups", () => {
  it("is avoided: a client with the subprotocol graphql-ws is served by it (S4-B1)", async () => {
    await using fanfare = server();
    expect(await answered(fanfare, ["graphql-ws"])).toEqual({ protocol: "graphql-ws", code: 1000 });
    await play(
      fanfare,
      graphqlWs(),
      `C> {"type":"connection_init"}
       S> {"type":"connection_ack"}
       C> {"type":"start","id":"1","payload":{"query":"subscription { heard(group: \\"lobby\\") }"}}
       !> lobby
       S> {"type":"data","id":"1","payload":{"data":{"heard":"hello"}}}
       C> {"type":"stop","id":"1"}
       !> lobby`,
      happeningsOf(fanfare),
    );
  });

  it("is avoided: a client may offer several subprotocols (S4-B2)", async () => {
    await using fanfare = server();
    const answer = await answered(fanfare, ["graphql-ws", "graphql-transport-ws"]);
    expect(answer).toEqual({ protocol: "graphql-transport-ws", code: 1000 });
  });

  it("is avoided: a refusal arrives with its close code (S4-B4)", async () => {
    await using fanfare = server();
    expect(await answered(fanfare, ["unknown"])).toMatchObject({ code: 4406 });
  });

  it("is avoided: nothing is sent before the acknowledgement (S4-B3)", async () => {
    for (const dialect of [graphqlTransportWs(), graphqlWs(), graphqlSubscriptions()]) {
      await using fanfare = server();
      await using client = new TestClient(fanfare, { dialect });
      await client.assertNoMessages();
    }
  });

  it("is avoided: a field may refuse a group, and then none is joined (S4-B5)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const id = client.start(to("secret"));
    expect(await client.receiveError(id)).toMatchObject([{ message: refused }]);
    await fanfare.publish(group({ name: "secret" }), "psst");
    await client.assertNoMessages();
  });

  it("is avoided: the payload has the selected fields with their types (S4-B7)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { mine: car { __typename brand: make doors } }");
    await fanfare.publish(cars(), { pk: 1, make: "Skoda", doors: "4", colour: "red", owner_id: 7 });
    expect(await client.receiveNext(id)).toEqual({ data: { mine: { __typename: "Car", brand: "Skoda", doors: 4 } } });
  });

  it("is avoided: a slow operation delays neither events nor messages of its client, no head-of-line blocking (S4-B8)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    client.start("{ never }");
    const id = await client.subscribe(to("lobby"));
    client.send({ type: "ping" });
    await client.receive({ type: "pong" });
    await fanfare.publish(group({ name: "lobby" }), "hello");
    expect(await client.receiveNext(id)).toEqual({ data: { heard: "hello" } });
  });

  it("is avoided: a confirmation is no event, except by option (S4-B9)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    await client.subscribe(to("lobby"));
    await client.assertNoMessages();
  });

  it("is avoided: the groups of one client do not affect another (S4-B10)", async () => {
    await using fanfare = server();
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    const id = await ada.subscribe(to("ada"));
    await bob.subscribe(to("bob"));
    await fanfare.publish(group({ name: "ada" }), "for ada");
    expect(await ada.receiveNext(id)).toEqual({ data: { heard: "for ada" } });
    await bob.assertNoMessages();
  });

  it("is avoided: a group's name may be long, an operation's id may not (S4-B11)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const name = "x".repeat(1_000);
    const id = await client.subscribe(to(name));
    await fanfare.publish(group({ name }), "hello");
    await client.receiveNext(id);
    const tooLong = client.start(to("lobby"), "x".repeat(65));
    expect(await client.receiveError(tooLong)).toMatchObject([{ extensions: { limit: "operationIdBytes" } }]);
  });

  it("is avoided: an event of another shape is an error of its result, and the connection stays (S4-B12)", async () => {
    await using fanfare = server();
    await using client = await connected(fanfare);
    const id = await client.subscribe(to("lobby"));
    await createPublishing(fanfare)({ no: "text" });
    expect(await client.receiveNext(id)).toMatchObject({ data: { heard: null }, errors: [{ path: ["heard"] }] });
    await createPublishing(fanfare)("hello");
    expect(await client.receiveNext(id)).toEqual({ data: { heard: "hello" } });
  });

  it.each(["[]", "7", "null", '{"type":"subscribe","id":"1"}', '{"type":"subscribe","id":"1","payload":{}}'])(
    "is avoided: the message %s closes with a code (S4-B12)",
    async (message) => {
      await using fanfare = server();
      await using client = await connected(fanfare);
      client.sendRaw(message);
      expect(await client.waitDisconnect()).toMatchObject({ code: 4400 });
    },
  );
});

/** Publishes payloads that the topic's type forbids, as other code may. */
function createPublishing(fanfare: Fanfare<Context>): (payload: unknown) => Promise<void> {
  return (payload) => fanfare.publish(group({ name: "lobby" }).name, payload);
}

describe("A fault of the servers with observables", () => {
  it("is avoided: an ended subscription is released (S5-B5)", async () => {
    const eventEmitter = new EventEmitter();
    await using broker = pubSubEngineBroker(new PubSub({ eventEmitter }));
    await using fanfare = server({ broker });
    await using client = await connected(fanfare);
    client.complete(await client.subscribe(to("lobby")));
    await turns(5);
    expect(eventEmitter.listenerCount(group({ name: "lobby" }).name)).toBe(0);
    await fanfare.publish(group({ name: "lobby" }), "unheard");
    await client.assertNoMessages();
  });

  it("is avoided: each client gets an event once, however many clients and groups there are (S5-B6)", async () => {
    await using fanfare = server();
    const clients = await Promise.all([1, 2, 3].map(() => connected(fanfare)));
    const query = 'subscription { several(groups: ["lobby", "attic"]) }';
    const ids = await Promise.all(clients.map((client) => client.subscribe(query)));
    await clients[0]?.[Symbol.asyncDispose]();
    await fanfare.publish([group({ name: "lobby" }), group({ name: "attic" })], "hello");
    const living = clients.slice(1);
    const heard = await Promise.all(living.map((client, index) => client.receiveNext(ids[index + 1] ?? "")));
    expect(heard).toEqual(living.map(() => ({ data: { several: "hello" } })));
    for (const client of clients) await client.assertNoMessages();
  });

  it("is avoided: a connection is acknowledged (S5-B7)", async () => {
    await using fanfare = server();
    await play(
      fanfare,
      graphqlWs(),
      `C> {"type":"connection_init","payload":{"Authorization":"Bearer x"}}
       S> {"type":"connection_ack"}`,
    );
  });

  it("is avoided: a quiet connection is kept alive for proxies (S5-B12)", async () => {
    const clock = new StandingTime();
    await using fanfare = server({ clock });
    await using client = await connected(fanfare);
    await client.subscribe(to("lobby"));
    for (let minute = 1; minute <= 10; minute += 1) {
      const before = client.socket.pings;
      for (let seconds = 0; seconds < 60; seconds += 1) {
        clock.advance(1_000);
        client.pong();
      }
      expect(client.socket.pings - before).toBeGreaterThanOrEqual(4);
    }
    expect(client.connected).toBe(true);
  });

  it("is avoided: a process subscribes only to the topics of its clients (S5-B8)", async () => {
    const eventEmitter = new EventEmitter();
    await using broker = pubSubEngineBroker(new PubSub({ eventEmitter }));
    await using fanfare = server({ broker });
    await using client = await connected(fanfare);
    await client.subscribe(to("lobby"));
    const triggers = eventEmitter.eventNames().filter((name) => name !== "fanfare:end");
    expect(triggers).toEqual([group({ name: "lobby" }).name]);
  });
});
