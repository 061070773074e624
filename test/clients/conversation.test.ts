import { describe, expect, it } from "vitest";
import { StandingTime } from "../session/standing-time.ts";
import { until } from "../faults/until.ts";
import { ChatServer } from "./chat-server.ts";
import { clients } from "./clients.ts";
import type { Connect, Driver, Result, Setup, Traits } from "./driver.ts";
import { Heard } from "./heard.ts";
import { Wire } from "./wire.ts";

const lobby = `subscription { messageAdded(room: "lobby") { text } }`;
const invalid = `subscription { messageAdded(room: "lobby") { colour } }`;

function joined(connect: Connect, server: ChatServer, setup: Partial<Setup> = {}): Promise<Driver> {
  return connect({ url: server.url, wire: new Wire(), ...setup });
}

function texts({ results }: Heard): unknown[] {
  return results.map(({ data }) => data);
}

/** Apollo Client asks for `__typename` too. */
function textIs(text: string): unknown {
  return { messageAdded: expect.objectContaining({ text }) };
}

/** What a client makes of a result with data and an error. */
function broken(text: string, { resultErrors }: Traits): Result {
  const data = { messageAdded: expect.objectContaining({ text, broken: null }) };
  const errors = ["broken on purpose"];
  switch (resultErrors) {
    case "beside data":
      return { data, errors };
    case "in place of data":
      return { data: null, errors };
    case "none":
      return { data };
  }
}

/** How many connections a client needs for so many operations. */
function connectionsFor(operations: { subscriptions: number; queries?: number }, traits: Traits): number {
  if (traits.connections === "one") return 1;
  const { subscriptions, queries = 0 } = operations;
  return traits.queries === "connection" ? subscriptions + queries : subscriptions;
}

/** Resolves when the server has answered something that went by the client's connection. */
async function roundTrip(client: Driver): Promise<void> {
  const refused = new Heard();
  const unsubscribe = client.subscribe(invalid, refused);
  await refused.ended();
  unsubscribe();
}

describe.each(clients)("$name", ({ connect, traits }) => {
  it("connects, with what it introduces itself with", async () => {
    await using server = await ChatServer.start();
    const wire = new Wire();
    await using client = await joined(connect, server, { wire, params: { user: "ada" } });
    const heard = new Heard();
    client.subscribe(lobby, heard);
    await server.live(1);
    await server.publish("welcome");
    await heard.received(1);
    const bySocket = { message: { user: "ada" }, header: undefined };
    const byHeader = { message: {}, header: "ada" };
    expect(server.introductions).toEqual([traits.introduction === "message" ? bySocket : byHeader]);
    expect(wire.opened).toBe(1);
  });

  it("queries, by its connection or beside it", async () => {
    await using server = await ChatServer.start();
    await using client = await joined(connect, server);
    expect(await client.query("{ hi }")).toEqual({ data: { hi: "hello" } });
    expect(server.observed.queries).toBe(traits.queries === "connection" ? 1 : 0);
  });

  it("mutates", async () => {
    await using server = await ChatServer.start();
    await using client = await joined(connect, server);
    expect(await client.mutate(`mutation { shout(text: "hey") }`)).toEqual({ data: { shout: "HEY" } });
  });

  it("subscribes, and gets every event in order", async () => {
    await using server = await ChatServer.start();
    await using client = await joined(connect, server);
    const heard = new Heard();
    client.subscribe(lobby, heard);
    await server.live(1);
    for (const text of ["one", "two", "three"]) await server.publish(text);
    await heard.received(3);
    expect(texts(heard)).toEqual([textIs("one"), textIs("two"), textIs("three")]);
  });

  it("runs several operations at once, each with its own results", async () => {
    await using server = await ChatServer.start();
    const wire = new Wire();
    await using client = await joined(connect, server, { wire });
    const [inLobby, inAttic] = [new Heard(), new Heard()];
    client.subscribe(lobby, inLobby);
    client.subscribe(`subscription { messageAdded(room: "attic") { id text } }`, inAttic);
    await server.live(2);
    const query = client.query("{ hi }");
    await server.publish("above", { room: "attic", id: "7" });
    await server.publish("below");
    await Promise.all([inLobby.received(1), inAttic.received(1)]);
    expect(texts(inLobby)).toEqual([textIs("below")]);
    expect(inAttic.results).toEqual([{ data: { messageAdded: expect.objectContaining({ id: "7", text: "above" }) } }]);
    expect(await query).toEqual({ data: { hi: "hello" } });
    expect(wire.opened).toBe(connectionsFor({ subscriptions: 2, queries: 1 }, traits));
  });

  it("does not get an event that its arguments filter out", async () => {
    await using server = await ChatServer.start();
    await using client = await joined(connect, server);
    const heard = new Heard();
    client.subscribe(`subscription { messageAdded(room: "lobby", author: "Bob") { text } }`, heard);
    await server.live(1);
    await server.publish("of Ada");
    await server.publish("of Bob", { author: { id: "2", name: "Bob" } });
    await heard.received(1);
    expect(texts(heard)).toEqual([textIs("of Bob")]);
  });

  it("shows what it can of a resolver's error, and stays subscribed", async () => {
    await using server = await ChatServer.start();
    await using client = await joined(connect, server);
    const heard = new Heard();
    client.subscribe(`subscription { messageAdded(room: "lobby") { text broken } }`, heard);
    await server.live(1);
    await server.publish("one");
    await server.publish("two");
    await heard.received(2);
    expect(heard.results).toEqual([broken("one", traits), broken("two", traits)]);
  });

  it("shows what is wrong with an invalid operation, and goes on with others", async () => {
    await using server = await ChatServer.start();
    const wire = new Wire();
    await using client = await joined(connect, server, { wire });
    const heard = new Heard();
    client.subscribe(invalid, heard);
    await heard.ended();
    const errors = [`Cannot query field "colour" on type "Message".`];
    const asResult = { results: [{ errors }], errors: undefined, completed: true };
    expect(heard).toMatchObject(traits.refusal === "error" ? { results: [], errors } : asResult);
    expect(heard.results.filter(({ data }) => data != null)).toEqual([]);
    expect(await client.query("{ hi }")).toEqual({ data: { hi: "hello" } });
    expect(wire.opened).toBe(connectionsFor({ subscriptions: 1, queries: 1 }, traits));
  });

  it("unsubscribes, and the server has nothing more to do for it", async () => {
    await using server = await ChatServer.start();
    const wire = new Wire();
    await using client = await joined(connect, server, { wire });
    const heard = new Heard();
    const unsubscribe = client.subscribe(lobby, heard);
    await server.live(1);
    await server.publish("heard");
    await heard.received(1);
    unsubscribe();
    await server.over(1);
    const { observed } = server;
    expect(observed.ends).toEqual([traits.unsubscribed]);
    await server.publish("unheard");
    expect(await client.query("{ hi }")).toEqual({ data: { hi: "hello" } });
    expect(observed.executions).toBe(1);
    expect(texts(heard)).toEqual([textIs("heard")]);
    expect(wire.opened).toBe(connectionsFor({ subscriptions: 1, queries: 1 }, traits));
  });

  it("leaves, and takes its subscriptions along", async () => {
    await using server = await ChatServer.start();
    const { observed } = server;
    {
      await using client = await joined(connect, server);
      client.subscribe(lobby, new Heard());
      await server.live(1);
    }
    await server.over(1);
    await server.publish("unheard");
    expect([observed.ends, observed.executions]).toEqual([[traits.left], 0]);
  });

  it("is told when the server ends the subscription, after everything that came before", async () => {
    await using server = await ChatServer.start();
    await using client = await joined(connect, server);
    const heard = new Heard();
    client.subscribe(lobby, heard);
    await server.live(1);
    await server.publish("last");
    await server.end();
    await (traits.hearsEnd ? heard.ended() : heard.received(1));
    await server.over(1);
    expect([heard.completed, heard.errors]).toEqual([traits.hearsEnd, undefined]);
    expect(texts(heard)).toEqual([textIs("last")]);
    expect(server.observed.ends).toEqual(["server"]);
  });

  it("is told when the server ends a subscription that never had an event", async () => {
    await using server = await ChatServer.start();
    await using client = await joined(connect, server);
    const heard = new Heard();
    client.subscribe(lobby, heard);
    await server.live(1);
    await server.end();
    if (traits.hearsEnd) await heard.ended();
    await server.over(1);
    await roundTrip(client);
    expect([heard.completed, heard.errors, heard.results]).toEqual([traits.hearsEnd, undefined, []]);
  });

  it("hears the server's pings, and is not cut off", async () => {
    const clock = new StandingTime();
    await using server = await ChatServer.start({ clock });
    const wire = new Wire();
    await using client = await joined(connect, server, { wire });
    const heard = new Heard();
    client.subscribe(lobby, heard);
    await server.live(1);
    for (const round of [1, 2, 3]) {
      clock.advance(12_000);
      await until(
        () => wire.pings === round,
        () => `ping ${round}; there are ${wire.pings}`,
      );
      // Behind a pong on the same connection, so that its answer says that the pong has arrived.
      await roundTrip(client);
    }
    await server.publish("still here");
    await heard.received(1);
    expect(texts(heard)).toEqual([textIs("still here")]);
    expect(wire.opened).toBe(connectionsFor({ subscriptions: 4 }, traits));
  });

  it("comes back when its connection was cut, and gets the next event", async () => {
    await using server = await ChatServer.start();
    const wire = new Wire();
    await using client = await joined(connect, server, { wire });
    const heard = new Heard();
    client.subscribe(lobby, heard);
    await server.live(1);
    await server.publish("before");
    await heard.received(1);
    wire.cut();
    await server.live(2);
    await server.publish("after");
    await heard.received(2);
    expect(texts(heard)).toEqual([textIs("before"), textIs("after")]);
    expect([wire.opened, server.observed.ends]).toEqual([2, ["closed"]]);
  });

  it("comes back when the server was started again, and gets the next event", async () => {
    await using server = await ChatServer.start();
    const { promise: back, resolve } = Promise.withResolvers<void>();
    await using client = await joined(connect, server, { beforeRetry: () => back });
    const [inLobby, inAttic] = [new Heard(), new Heard()];
    client.subscribe(lobby, inLobby);
    client.subscribe(`subscription { messageAdded(room: "attic") { text } }`, inAttic);
    await server.live(2);
    await server.publish("before");
    await inLobby.received(1);
    await server.stop();
    await server.startAgain();
    resolve();
    await server.live(4);
    await server.publish("after");
    await server.publish("above", { room: "attic" });
    await Promise.all([inLobby.received(2), inAttic.received(1)]);
    expect(texts(inLobby)).toEqual([textIs("before"), textIs("after")]);
    expect(texts(inAttic)).toEqual([textIs("above")]);
  });
});

describe.each(clients.filter(({ traits }) => traits.pings))("$name, which can ping,", ({ connect }) => {
  it("gets answers to pings of its own", async () => {
    await using server = await ChatServer.start();
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    await using client = await joined(connect, server, { pingEvery: 5, ponged: resolve });
    await answered;
    expect(await client.query("{ hi }")).toEqual({ data: { hi: "hello" } });
  });
});
