import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { createFanfare, FanfareError } from "fanfare";
import { graphqlSubscriptions, graphqlTransportWs } from "fanfare/dialects";
import type { Dialect } from "fanfare/contract";
import { SubscriptionManager } from "fanfare/compat";
import { until } from "../faults/until.ts";
import { ManagedServer, refusal } from "../server/managed-server.ts";
import { StandingTime } from "../session/standing-time.ts";
import { clients2016, type Client2016, type Constructor2016, type Handler2016 } from "./drivers/subscriptions-2016.ts";
import { Wire } from "./wire.ts";

const jessie = `subscription { user(id: "3") { id name } }`;

/** What a handler of one of these clients was given. */
class Handled {
  readonly results: unknown[] = [];
  readonly errors: string[] = [];
  readonly handler: Handler2016 = (errors, data = null) => {
    if (data !== null) this.results.push(data);
    this.errors.push(...(errors ?? []).map(({ message }) => message));
  };

  async received(count: number): Promise<void> {
    await until(
      () => this.results.length + this.errors.length >= count,
      () => `answer ${count}; ${JSON.stringify(this)}`,
    );
  }
}

/** A client as it comes, which does not come back by itself. */
class Joined implements Disposable {
  readonly client: Client2016;
  readonly wire: Wire = new Wire();

  constructor(
    Client: Constructor2016,
    { url }: ManagedServer,
    connectionParams: Readonly<Record<string, string>> = {},
  ) {
    this.client = new Client(url, { connectionParams }, this.wire.webSocket);
  }

  subscribe(query: string): Handled {
    const handled = new Handled();
    this.client.subscribe({ query }, handled.handler);
    return handled;
  }

  /** Resolves when such a message has come. */
  async told(message: object): Promise<void> {
    await until(
      () => this.wire.messages.includes(JSON.stringify(message)),
      () => `${JSON.stringify(message)}; there is ${this.wire.messages.join(", ")}`,
    );
  }

  /** Resolves when the client has heard that it is subscribed. What comes later it answers, and throws if it is closed. */
  async confirmed(): Promise<void> {
    await until(
      () => this.wire.messages.some((message) => message.includes("subscription_success")),
      () => "the confirmation",
    );
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

/** A bare connection of the dialect that has introduced itself, for what the clients would never send. */
async function bare(server: ManagedServer, wire: Wire): Promise<InstanceType<Wire["webSocket"]>> {
  const socket = new wire.webSocket(server.url, "graphql-subscriptions");
  await once(socket, "open");
  socket.send('{"type":"init","payload":{}}');
  await once(socket, "message");
  return socket;
}

/** A dialect that notes what kinds of messages clients send. */
function noting(dialect: Dialect, sent: string[]): Dialect {
  return {
    ...dialect,
    decode(text) {
      const message = dialect.decode(text);
      sent.push(message.type);
      return message;
    },
  };
}

describe("A subscription manager or a server", () => {
  it.each([
    ["no schema", () => Reflect.apply(createFanfare, undefined, [{}]), "schema"],
    ["no manager's pubsub", () => Reflect.construct(SubscriptionManager, [{}]), "publish"],
  ])("cannot be made with %s", (_, make, named) => {
    expect(make).toThrow(FanfareError);
    expect(make).toThrow(named);
  });
});

describe.each(clients2016)("With the client of subscriptions-transport-ws $version", ({ Client, version }) => {
  it("onConnect is called", async () => {
    let connects = 0;
    await using server = await ManagedServer.start({ onConnect: () => void (connects += 1) });
    using joined = new Joined(Client, server);
    await joined.told({ type: "init_success" });
    expect(connects).toBe(1);
  });

  it("onConnect gets the connection's params", async () => {
    const told: unknown[] = [];
    await using server = await ManagedServer.start({ onConnect: (params) => void told.push(params) });
    using joined = new Joined(Client, server, { authToken: "abc" });
    await joined.told({ type: "init_success" });
    expect(told).toEqual([{ authToken: "abc" }]);
  });

  it("a refusal of onConnect is told to the client", async () => {
    await using server = await ManagedServer.start({ onConnect: () => false });
    const wire = new Wire();
    const { promise: told, resolve: connectionCallback } = Promise.withResolvers<unknown>();
    const client = new Client(server.url, { connectionCallback }, wire.webSocket);
    expect(await told).toBe("Forbidden");
    await until(
      () => wire.closes.length > 0,
      () => "the close",
    );
    client.close();
    expect(wire.closes).toEqual([1011]);
  });

  it("onDisconnect is called", async () => {
    const codes: number[] = [];
    await using server = await ManagedServer.start({ onDisconnect: (_, code) => void codes.push(code) });
    using joined = new Joined(Client, server);
    await joined.told({ type: "init_success" });
    joined.client.close();
    await until(
      () => codes.length > 0,
      () => "onDisconnect",
    );
    expect(codes).toEqual([1005]);
  });

  it("the close of its socket unsubscribes", async () => {
    const calls: string[] = [];
    await using server = await ManagedServer.start({
      onUnsubscribe: ({ id }) => void calls.push(`unsubscribe ${id}`),
      onDisconnect: () => void calls.push("disconnect"),
    });
    using joined = new Joined(Client, server);
    joined.subscribe(jessie);
    await server.live(1);
    joined.client.client.close();
    await until(
      () => calls.length === 2,
      () => `onDisconnect; there is ${calls.join(", ")}`,
    );
    await server.publishUsers();
    expect(calls).toEqual(["unsubscribe 0", "disconnect"]);
    expect(server.observed).toMatchObject({ ends: ["closed"], executions: 0 });
  });

  it("onSubscribe is called", async () => {
    const queries: string[] = [];
    await using server = await ManagedServer.start({ onSubscribe: ({ query }) => void queries.push(query) });
    using joined = new Joined(Client, server);
    joined.subscribe(jessie);
    await server.live(1);
    expect(queries).toEqual([jessie]);
  });

  it("a subscription is said to be live before its first event, or the client would give it up after 5 s", async () => {
    await using server = await ManagedServer.start();
    using joined = new Joined(Client, server);
    const handled = joined.subscribe(jessie);
    await joined.told({ type: "subscription_success", id: 0 });
    await server.publishUsers();
    await handled.received(1);
    expect(handled).toMatchObject({ results: [{ user: { id: "3", name: "Jessie" } }], errors: [] });
  });

  it("onUnsubscribe is called", async () => {
    const ids: string[] = [];
    await using server = await ManagedServer.start({ onUnsubscribe: ({ id }) => void ids.push(id) });
    using joined = new Joined(Client, server);
    joined.subscribe(jessie);
    await joined.confirmed();
    joined.client.unsubscribe(0);
    await until(
      () => ids.length > 0,
      () => "onUnsubscribe",
    );
    expect([ids, server.observed.ends]).toEqual([["0"], ["client"]]);
  });

  it("several subscriptions each get their own result", async () => {
    await using server = await ManagedServer.start();
    using one = new Joined(Client, server);
    using other = new Joined(Client, server);
    const handled = [
      one.subscribe(jessie),
      one.subscribe(`subscription { user(id: "1") { name } }`),
      other.subscribe(`subscription { user(id: "2") { name } }`),
    ];
    await server.live(3);
    await server.publishUsers();
    for (const each of handled) await each.received(1);
    expect(handled.map(({ results }) => results)).toEqual([
      [{ user: { id: "3", name: "Jessie" } }],
      [{ user: { name: "Dan" } }],
      [{ user: { name: "Marie" } }],
    ]);
  });

  it("an invalid query gets a message of failure", async () => {
    await using server = await ManagedServer.start();
    using joined = new Joined(Client, server);
    const handled = joined.subscribe(`subscription { user(id: "3") { colour } }`);
    await handled.received(1);
    expect(handled).toMatchObject({ errors: [`Cannot query field "colour" on type "User".`], results: [] });
    expect(joined.wire.messages.at(-1)).toMatch(/^\{"type":"subscription_fail","id":0,/);
  });

  it("filters apply", async () => {
    await using server = await ManagedServer.start();
    using joined = new Joined(Client, server);
    const handled = joined.subscribe("subscription { userFiltered(active: true) { name active } }");
    await server.live(1);
    await server.publishUsers();
    await handled.received(2);
    expect(handled.results).toEqual([
      { userFiltered: { name: "Dan", active: true } },
      { userFiltered: { name: "Jessie", active: true } },
    ]);
    expect(handled.errors).toEqual([]);
  });

  it("the context that onSubscribe decides on reaches the execution, and the client's does not", async () => {
    await using server = await ManagedServer.start({
      onSubscribe: (request) => ({ ...request, extensions: { user: "ada" } }),
      context: ({ request }) => ({ user: String(request.extensions?.["user"]) }),
    });
    using joined = new Joined(Client, server);
    const handled = new Handled();
    const options = { query: "subscription { context }", context: { user: "mallory" } };
    joined.client.subscribe(options, handled.handler);
    await server.live(1);
    await server.manager.publish("context", {});
    await handled.received(1);
    expect(handled.results).toEqual([{ context: "ada" }]);
  });

  it("the socket reaches onSubscribe", async () => {
    const sockets: unknown[] = [];
    await using server = await ManagedServer.start({
      onSubscribe: (_, { params, peer }) =>
        void sockets.push([params, peer.address, peer.header("sec-websocket-protocol")]),
    });
    using joined = new Joined(Client, server, { authToken: "abc" });
    joined.subscribe(jessie);
    await server.live(1);
    expect(sockets).toEqual([[{ authToken: "abc" }, "127.0.0.1", "graphql-subscriptions"]]);
  });

  it("nothing comes after an unsubscribe", async () => {
    await using server = await ManagedServer.start();
    using joined = new Joined(Client, server);
    const left = joined.subscribe(jessie);
    const stayed = joined.subscribe(jessie);
    await server.live(2);
    joined.client.unsubscribe(0);
    await until(
      () => server.observed.ends.length > 0,
      () => "the end of the subscription",
    );
    await server.publishUsers();
    await stayed.received(1);
    expect(left).toMatchObject({ results: [], errors: [] });
    expect(joined.wire.messages.filter((message) => message.startsWith('{"type":"subscription_data","id":0,'))).toEqual(
      [],
    );
  });

  it("a server that does not speak its subprotocol refuses it", async () => {
    await using server = await ManagedServer.start({ dialects: [graphqlTransportWs()] });
    using joined = new Joined(Client, server);
    await until(
      () => joined.wire.closes.length > 0,
      () => "the close",
    );
    expect(joined.wire).toMatchObject({ closes: [4406], messages: [] });
  });

  it("a subprotocol that nobody speaks is refused", async () => {
    await using server = await ManagedServer.start();
    const wire = new Wire();
    await once(new wire.webSocket(server.url, "wrong"), "close");
    expect(wire).toMatchObject({ closes: [4406], messages: [] });
  });

  it.each([
    ["that cannot be parsed", "HI", "Not valid JSON"],
    ["that is nonsense", '{"type":"nonsense"}', `Invalid message type! There is no "nonsense"`],
  ])("a message %s is refused, and the connection stays", async (_, message, reason) => {
    await using server = await ManagedServer.start();
    const wire = new Wire();
    const socket = await bare(server, wire);
    socket.send(message);
    await once(socket, "message");
    socket.send(JSON.stringify({ type: "subscription_start", id: 0, query: jessie }));
    await once(socket, "message");
    socket.close();
    expect(wire.messages.slice(1)).toEqual([
      JSON.stringify({ type: "subscription_fail", id: null, payload: { errors: [{ message: reason }] } }),
      '{"type":"subscription_success","id":0}',
    ]);
  });

  it("unsubscribing from an unknown id does no harm", async () => {
    await using server = await ManagedServer.start();
    using joined = new Joined(Client, server);
    await joined.told({ type: "init_success" });
    joined.client.unsubscribe(42);
    const handled = joined.subscribe(jessie);
    await server.live(1);
    await server.publishUsers();
    await handled.received(1);
    expect(handled).toMatchObject({ results: [{ user: { id: "3", name: "Jessie" } }], errors: [] });
    expect(joined.wire.closes).toEqual([]);
  });

  it.each([
    ["a syntax error", "invalid useInfo { error }", /^Syntax Error: Unexpected Name "invalid"/],
    ["a fragment at the root", "subscription { ... on Subscription { user { id } } }", /^Apollo subscriptions do not/],
    ["a query", "{ hi }", /^This protocol carries subscriptions only/],
    ["a setup function that throws", "subscription { refused }", /^No such channel$/],
    ["an onSubscribe that throws", "subscription { error }", /^Not you$/],
    ["an onSubscribe that fails", "subscription { context }", /^Internal server error$/],
  ])("any kind of error is sent back: %s", async (_, query, message) => {
    await using server = await ManagedServer.start({
      onSubscribe: (request) => {
        if (request.query.includes("error")) throw refusal("Not you");
        if (request.query.includes("context")) throw new RangeError("secret");
      },
    });
    using joined = new Joined(Client, server);
    const handled = joined.subscribe(query);
    await handled.received(1);
    expect(handled).toMatchObject({ results: [], errors: [expect.stringMatching(message)] });
  });

  it("an error of a resolver is sent back, each time", async () => {
    await using server = await ManagedServer.start();
    using joined = new Joined(Client, server);
    const handled = joined.subscribe("subscription { error }");
    await server.live(1);
    await server.manager.publish("error", {});
    await server.manager.publish("error", {});
    await handled.received(version === "0.5.3" ? 2 : 4);
    // 0.5.3 shows no data beside errors.
    expect(handled.results).toEqual(version === "0.5.3" ? [] : [{ error: null }, { error: null }]);
    expect(handled.errors).toEqual(["E1", "E1"]);
  });

  it("an error before the execution is handled", async () => {
    await using server = await ManagedServer.start({
      context: () => {
        throw refusal("bad");
      },
    });
    using joined = new Joined(Client, server);
    const handled = joined.subscribe("subscription { context }");
    await handled.received(1);
    expect(handled).toMatchObject({ results: [], errors: ["bad"] });
  });

  it("keep-alives are sent, and pass it by", async () => {
    const clock = new StandingTime();
    await using server = await ManagedServer.start({ clock, dialects: [graphqlSubscriptions({ keepAlives: true })] });
    using joined = new Joined(Client, server);
    const handled = joined.subscribe(jessie);
    await server.live(1);
    clock.advance(12_000);
    await joined.told({ type: "keepalive" });
    await server.publishUsers();
    await handled.received(1);
    expect(handled).toMatchObject({ results: [{ user: { id: "3", name: "Jessie" } }], errors: [] });
  });

  it("what it starts before it was let in waits until then (S1-W13)", async () => {
    const happened: string[] = [];
    const sent: string[] = [];
    const letIn = Promise.withResolvers<void>();
    await using server = await ManagedServer.start({
      dialects: [noting(graphqlSubscriptions(), sent)],
      onConnect: async () => {
        happened.push("connecting");
        await letIn.promise;
        happened.push("connected");
      },
      onSubscribe: () => void happened.push("subscribed"),
    });
    using joined = new Joined(Client, server);
    const handled = joined.subscribe(jessie);
    await until(
      () => sent.length === 2 && happened.length > 0,
      () => `both messages; there is ${sent.join(", ")}`,
    );
    letIn.resolve();
    await server.live(1);
    await server.publishUsers();
    await handled.received(1);
    expect(sent).toEqual(version === "0.5.3" ? ["subscribe", "init"] : ["init", "subscribe"]);
    expect(happened).toEqual(["connecting", "connected", "subscribed"]);
    expect(handled.results).toEqual([{ user: { id: "3", name: "Jessie" } }]);
  });
});

describe.each(clients2016.filter(({ version }) => version === "0.5.3"))(
  "With the client of $version, which ends whatever it hears of and does not know,",
  ({ Client }) => {
    it("a message that cannot be read is answered once, and that is all", async () => {
      await using server = await ManagedServer.start();
      using joined = new Joined(Client, server);
      await joined.told({ type: "init_success" });
      joined.client.client.send("HI");
      const handled = joined.subscribe(jessie);
      await server.live(1);
      await server.publishUsers();
      await handled.received(1);
      expect(joined.wire.messages.filter((message) => message.includes("subscription_fail"))).toHaveLength(1);
      expect(joined.wire.closes).toEqual([]);
    });
  },
);
