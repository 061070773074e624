import { channel } from "node:diagnostics_channel";
import { makeExecutableSchema } from "@graphql-tools/schema";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { ModelStreams } from "fanfare/compat";
import { model } from "fanfare/models";
import { LocalSocket, turns } from "fanfare/testing";
import { until } from "../faults/until.ts";
import { connected } from "../server/connected.ts";
import { StandingTime } from "../session/standing-time.ts";
import { change, meaghan, StreamsServer, users } from "./streams-server.ts";

const renamed = { ...meaghan, first_name: "Meg" };
const echo = (action: string, operation: string = "subscribe") => ({
  action,
  operation,
  ok: true,
  stream: "users",
  error: null,
});
const isSocket = ({ id }: { readonly id: string }) => !id.startsWith("http");
const notified = (action: string, data: object) => ({ stream: "users", payload: { action, model: "auth.user", data } });

describe("A channel's subscription", () => {
  it("is notified in the order of the changes, whatever the actions", async () => {
    // Time stands still: on a busy machine a turn may be too short for all of its operations.
    await using server = await StreamsServer.open({ fanfare: { clock: new StandingTime() } });
    const client = await server.channel();
    await client.subscribe("ALL_ACTIONS", "data: [FIRST_NAME]");
    const changes = [
      server.changed(null, meaghan),
      server.changed(meaghan, null),
      server.changed(null, renamed),
      server.changed(renamed, meaghan),
      server.changed(meaghan, null),
    ];
    await Promise.all(changes);
    expect(await client.rest()).toEqual([
      notified("create", { first_name: "Meaghan" }),
      notified("delete", { first_name: "Meaghan" }),
      notified("create", { first_name: "Meg" }),
      notified("update", { first_name: "Meaghan" }),
      notified("delete", { first_name: "Meaghan" }),
    ]);
  });

  it("may lose an action and keep the others", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("ALL_ACTIONS", "data: [ID]");
    await client.unsubscribe("UPDATE");
    await server.changed(null, meaghan);
    await server.changed(meaghan, renamed);
    await server.changed(renamed, null);
    expect(await client.rest()).toEqual([notified("create", { id: 5 }), notified("delete", { id: 5 })]);
  });

  it("ends with the last of its actions, and not with those of another id", async () => {
    const ended: string[] = [];
    await using server = await StreamsServer.open({
      fanfare: { onUnsubscribe: ({ id }, connection) => void (isSocket(connection) && ended.push(id)) },
    });
    const client = await server.channel();
    await client.subscribe("ALL_ACTIONS");
    await client.subscribe("UPDATE", "id: 5, data: [ID]");
    await client.unsubscribe("CREATE");
    await client.unsubscribe("UPDATE");
    expect(ended).toEqual([]);
    await client.unsubscribe("DELETE");
    expect(ended).toHaveLength(1);
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toEqual([notified("update", { id: 5 })]);
  });

  it("ends altogether with all actions", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("UPDATE");
    await client.subscribe("DELETE");
    await client.unsubscribe("ALL_ACTIONS");
    await server.changed(meaghan, renamed);
    await server.changed(renamed, null);
    expect(await client.rest()).toEqual([]);
  });

  it("is notified once if all actions are subscribed on top of one", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("UPDATE", "data: [ID]");
    await client.subscribe("ALL_ACTIONS", "data: [ID]");
    await server.changed(null, meaghan);
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toEqual([notified("create", { id: 5 }), notified("update", { id: 5 })]);
  });

  it("has the fields of the last request", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    for (const data of ["ID", "EMAIL", "ID", "FIRST_NAME"]) await client.subscribe("ALL_ACTIONS", `data: [${data}]`);
    await client.subscribe("UPDATE", "data: [USERNAME]");
    await server.changed(null, meaghan);
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toEqual([
      notified("create", { first_name: "Meaghan" }),
      notified("update", { username: "meaghan90" }),
    ]);
  });

  it("is notified once, also if the fields change while it is being started", async () => {
    await using server = await StreamsServer.open({ fanfare: { onSubscribe: () => turns(5) } });
    const client = await server.channel();
    const answers = ["ID", "EMAIL", "FIRST_NAME"].map((data) => client.ask("SUBSCRIBE", "UPDATE", `data: [${data}]`));
    for (const answer of answers) expect(await answer).toEqual({ ok: true, error: null, stream: "users" });
    await client.frames(3);
    await server.changed(meaghan, { ...renamed, email: "meg@example.org" });
    expect(await client.rest()).toHaveLength(1);
  });

  it("has the fields of the last request, also if these are earlier ones again", async () => {
    const gates: (() => void)[] = [];
    let isGuarded = false;
    await using server = await StreamsServer.open({
      fanfare: {
        onSubscribe: (_request, connection) =>
          isGuarded && isSocket(connection) ? new Promise<void>((resolve) => gates.push(resolve)) : undefined,
      },
    });
    const client = await server.channel();
    await client.subscribe("UPDATE", "data: [ID]");
    isGuarded = true;
    const asked: Promise<unknown>[] = [];
    for (const data of ["EMAIL", "ID"]) {
      asked.push(client.ask("SUBSCRIBE", "UPDATE", `data: [${data}]`));
      await until(
        () => gates.length === asked.length,
        () => "a subscription",
      );
    }
    for (const open of gates) open();
    await Promise.all(asked);
    await client.frames(2);
    await server.changed(meaghan, { ...renamed, email: "meg@example.org" });
    expect(await client.rest()).toEqual([notified("update", { id: 5 })]);
  });

  it("does not start if it was unsubscribed before it was live", async () => {
    const started = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    await using server = await StreamsServer.open({
      fanfare: {
        onSubscribe: (_request, { id }) => {
          if (!isSocket({ id })) return;
          started.resolve();
          return going.promise;
        },
      },
    });
    const client = await server.channel();
    const subscribing = client.ask("SUBSCRIBE", "UPDATE");
    await started.promise;
    await client.unsubscribe("UPDATE");
    expect(await subscribing).toEqual({ ok: false, error: "It was unsubscribed", stream: "users" });
    going.resolve();
    await turns(5);
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toEqual([]);
  });

  it("fails if the channel is closed before it is live", async () => {
    const started = Promise.withResolvers<void>();
    await using server = await StreamsServer.open({
      fanfare: {
        onSubscribe: (_request, { id }) => {
          if (!isSocket({ id })) return;
          started.resolve();
          return new Promise(() => undefined);
        },
      },
    });
    const client = await server.channel();
    const subscribing = client.ask("SUBSCRIBE", "UPDATE");
    await started.promise;
    client.socket.terminate();
    expect(await subscribing).toEqual({ ok: false, error: "The channel was closed", stream: "users" });
  });

  it("ends for the client when the server ends its topic", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("ALL_ACTIONS");
    await client.subscribe("UPDATE", "id: 5");
    await server.ended();
    expect(await client.rest()).toEqual([echo("all_actions", "unsubscribe"), echo("update", "unsubscribe")]);
    await client.subscribe("UPDATE", "id: 5, data: [ID]");
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toEqual([notified("update", { id: 5 })]);
  });

  it("is told of a truncation, for which there is no notification", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("DELETE");
    await server.truncated();
    expect(await client.rest()).toEqual([
      {
        stream: "users",
        payload: {
          errors: ["All rows of User were removed at once; subscribe again"],
          data: null,
          action: null,
          response_status: 500,
          request_id: null,
        },
      },
    ]);
  });

  it("is bounded by the limits of operations", async () => {
    await using server = await StreamsServer.open({ fanfare: { limits: { operations: 2 } } });
    const client = await server.channel();
    await client.subscribe("UPDATE", "id: 1");
    await client.subscribe("UPDATE", "id: 2");
    const refusal = { ok: false, error: "A connection may run at most 2 operations", stream: "users" };
    expect(await client.ask("SUBSCRIBE", "UPDATE", "id: 3")).toEqual(refusal);
    await client.unsubscribe("UPDATE", "id: 1");
    await client.subscribe("UPDATE", "id: 3");
  });

  it("shares its notifications with equal subscriptions", async () => {
    let serialized = 0;
    await using server = await StreamsServer.open({
      user: { payload: { serialize: () => ({ moved: (serialized += 1) > 0 }), onError: "fail" } },
    });
    const clients = await Promise.all(Array.from({ length: 5 }, () => server.channel()));
    for (const client of clients) await client.subscribe("UPDATE", "data: [ID]");
    await server.changed(meaghan, renamed);
    for (const client of clients) expect(await client.rest()).toEqual([notified("update", { id: 5 })]);
    expect(serialized).toBe(1);
  });
});

describe("A channel's client", () => {
  it("that reads too slowly is closed with 1013", async () => {
    await using server = await StreamsServer.open({ user: { queue: { messages: 1 } } });
    const client = await server.channel();
    await client.subscribe("UPDATE");
    client.socket.pause();
    const long = { ...meaghan, email: "m".repeat(400_000) };
    for (let count = 0; count < 40; count += 1) {
      await server.changed(meaghan, long);
      await turns(2);
    }
    client.socket.resume();
    expect(await client.closed).toEqual({ code: 1013, reason: "Too slow" });
  });

  it("that reads too slowly is told the gap with a policy that drops", async () => {
    await using server = await StreamsServer.open({ user: { queue: { messages: 1, overflow: "drop-oldest" } } });
    const client = await server.channel();
    await client.subscribe("UPDATE", "data: [ID]");
    await client.subscribe("DELETE", "data: [ID, EMAIL]");
    client.socket.pause();
    const long = { ...meaghan, email: "m".repeat(400_000) };
    for (let count = 0; count < 40; count += 1) {
      await server.changed(long, null);
      await turns(2);
    }
    await server.changed(null, meaghan);
    client.socket.resume();
    const told = (await client.rest()).map((frame) => JSON.stringify(frame));
    expect(told.length).toBeLessThan(40);
    expect(told.at(-1)).toMatch(
      /^\{"extensions":\{"fanfare":\{"gap":\{"reason":"overflow"\}\}\},"stream":"users","payload"/,
    );
  });

  it("that sends too much is closed with 1008", async () => {
    await using server = await StreamsServer.open({ fanfare: { limits: { messageBurst: 5, messagesPerSecond: 1 } } });
    const client = await server.channel();
    for (let count = 0; count < 10; count += 1) client.socket.send("{}");
    expect(await client.closed).toEqual({ code: 1008, reason: "Too many messages" });
  });

  it("is refused above the limit of channels", async () => {
    await using server = await StreamsServer.open({ streams: { channels: 1 } });
    const first = await server.channel();
    const second = await server.connect();
    expect(await second.closed).toEqual({ code: 1013, reason: "Try again later" });
    first.socket.close();
    await first.closed;
    await server.channel();
    expect(server.streams.channels).toBe(1);
  });

  it("appears in telemetry with its dialect", async () => {
    const told: unknown[] = [];
    const opened = (message: unknown): void => void told.push(message);
    await using server = await StreamsServer.open();
    channel("fanfare:session.opened").subscribe(opened);
    await server.channel();
    channel("fanfare:session.opened").unsubscribe(opened);
    expect(told).toMatchObject([{ dialect: "streams", address: "127.0.0.1" }]);
  });

  it("with a subprotocol is refused, and so is one without it at other paths", async () => {
    await using server = await StreamsServer.open();
    const spoken = new WebSocket(`ws://${server.url}/streams`, "graphql-transport-ws");
    const silent = new WebSocket(`ws://${server.url}/graphql`);
    const codes = [spoken, silent].map(
      (socket) => new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code))),
    );
    expect(await Promise.all(codes)).toEqual([4406, 4406]);
  });

  it("is closed when the path is given up", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("UPDATE");
    server.leave();
    expect(await client.closed).toEqual({ code: 1001, reason: "Going away" });
    await until(
      () => server.streams.channels === 0,
      () => "the channel's end",
    );
  });
});

describe("A stream", () => {
  const options = { name: "User", fields: ["id", "username"] } as const;

  it("has a unique name", () => {
    const streams = new ModelStreams();
    const User = model(users, options);
    streams.subscription(User, { stream: "users" });
    expect(() => streams.subscription(User, { stream: "users" })).toThrow(
      'There are two streams with the name "users"',
    );
    expect(() => streams.subscription(User, { stream: "" })).toThrow("The model User needs a `stream`");
  });

  it("requires a model whose changes have rows", () => {
    const User = model(users, { ...options, payload: "key" });
    expect(() => new ModelStreams().subscription(User, { stream: "users" })).toThrow(
      "The model User tells keys alone, which make no notification",
    );
  });

  it("requires a field of the model's changes", () => {
    const User = { ...model(users, options), subscriptions: {} };
    expect(() => new ModelStreams().subscription(User, { stream: "users" })).toThrow(
      "The model User has no field that tells its changes; name one in `changes`",
    );
  });

  it("can be used in a schema of the schema definition language", async () => {
    const User = model(users, options);
    const streams = new ModelStreams();
    const sdl = `
      type Query { hi: String }
      enum StreamOperation { SUBSCRIBE UNSUBSCRIBE }
      enum StreamAction { CREATE UPDATE DELETE ALL_ACTIONS }
      type StreamResult { ok: Boolean! error: String stream: String operation: StreamOperation action: StreamAction }
      extend type Subscription {
        people(operation: StreamOperation!, action: StreamAction!, channelId: String!, id: ID, data: [UserField!]): StreamResult!
      }
    `;
    // Without resolvers the values of an enum are its names.
    const { UserField: _, ...resolvers } = User.resolvers;
    const { resolve, subscribe } = streams.subscription(User, { stream: "people" });
    const schema = makeExecutableSchema({
      typeDefs: [User.typeDefs, sdl],
      resolvers: [resolvers, { Subscription: { people: { resolve, subscribe } } }],
    });
    await using fanfare = createFanfare({ schema, log: silentLog });
    const frames: string[] = [];
    const peer = { address: "127.0.0.1", url: "/streams", header: () => undefined };
    const socket = new LocalSocket(
      peer,
      (text) => frames.push(text),
      () => undefined,
    );
    streams.accept(fanfare, socket);
    await turns(5);
    const channelId = /"channel_id":"([^"]+)"/.exec(frames.shift() ?? "")?.[1] ?? "";
    const client = await connected(fanfare);
    const command = `people(operation: SUBSCRIBE, action: UPDATE, channelId: "${channelId}", data: [USERNAME])`;
    const id = client.start(`subscription { ${command} { ok operation action } }`);
    expect(await client.receiveNext(id)).toEqual({
      data: { people: { ok: true, operation: "SUBSCRIBE", action: "UPDATE" } },
    });
    await fanfare.publish(User.topic, change(meaghan, { ...meaghan, username: "meg" }));
    await turns(5);
    expect(frames.slice(1)).toEqual([
      '{"stream":"people","payload":{"action":"update","model":"public.user","data":{"username":"meg"}}}',
    ]);
  });

  it("refuses a limit of no channels", () => {
    expect(() => new ModelStreams({ channels: 0 })).toThrow("channels must be a number of at least 1, not 0");
  });
});
