import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { GraphQLError, GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { shareable, type Fanfare } from "fanfare";
import { fetchHandler } from "fanfare/fetch";
import { until } from "../faults/until.ts";
import { closeServer, listenAnywhere } from "../transports/websocket-server.ts";
import { chatSchema, tools } from "./chat.ts";
import { Executions } from "./executions.ts";
import { streamingChat } from "./streaming-chat.ts";

interface Post {
  readonly text: string;
  readonly author?: string;
  readonly failure?: Error;
}

const news = tools.topic("news", { about: String }).of<Post>();
let stamps = 0;

const postType = new GraphQLObjectType<Post>({
  name: "Post",
  fields: {
    text: { type: GraphQLString },
    author: { type: new GraphQLNonNull(GraphQLString) },
    checked: {
      type: GraphQLString,
      resolve: shareable(({ failure }: Post) => {
        if (failure) throw failure;
        return "проверено";
      }),
    },
    // Tells executions apart: no two of them give the same bytes.
    stamp: { type: GraphQLInt, resolve: shareable(() => (stamps += 1)) },
  },
});

const posted = {
  type: postType,
  args: { about: { type: GraphQLString } },
  ...tools.subscription({ topics: ({ about }: { about: string }) => [news({ about })] }),
};

const request = {
  query: "subscription Posted($about: String) { posted(about: $about) { text author checked stamp } }",
  variables: { about: "всё" },
};

const author = "Ада Лавлейс";

const errorAt = (field: string, message: unknown) => expect.objectContaining({ message, path: ["posted", field] });
const result = (text: string, checked: string | null = "проверено") => ({
  posted: { text, author, checked, stamp: expect.any(Number) },
});

const strange = 'ключ 🏊 \u2028 "quoted" \\ \r\n\n \u0000 \ud800 data: event:';
const long = "ж".repeat(40_000);

/** Events, and what their payloads say. */
const small: readonly (readonly [Post, object])[] = [
  [{ text: "plain", author }, { data: result("plain") }],
  [{ text: strange, author }, { data: result(strange) }],
  [
    { text: "one that cannot be checked", author, failure: new GraphQLError("не вышло 🏊\n") },
    { data: result("one that cannot be checked", null), errors: [errorAt("checked", "не вышло 🏊\n")] },
  ],
  [{ text: "without its author" }, { data: { posted: null }, errors: [errorAt("author", expect.any(String))] }],
  [
    { text: "one that fails by mistake", author, failure: new Error("secret") },
    { data: result("one that fails by mistake", null), errors: [errorAt("checked", "Internal server error")] },
  ],
  [{ text: "", author }, { data: result("") }],
];

const all: typeof small = [...small.slice(0, 3), [{ text: long, author }, { data: result(long) }], ...small.slice(3)];

/** A client as its connection sees it. */
interface Client {
  readonly name: string;
  /** What it is sent before any result. */
  readonly prelude: readonly string[];
  /** What stands around the payload of a result. */
  readonly head: string;
  readonly tail: string;
  /** Each message that it was sent, byte for byte. */
  readonly received: readonly Buffer[];
}

type Open = (url: string) => Promise<Client>;

/** A WebSocket that introduces itself, and asks when it was acknowledged. */
function webSocket(
  protocol: string,
  sends: readonly [init: object, start: object],
  says: Omit<Client, "name" | "received">,
): Open {
  return async (url) => {
    const socket = new WebSocket(url.replace("http", "ws"), protocol);
    const received: Buffer[] = [];
    socket.on("message", (data: Buffer) => received.push(Buffer.from(data)));
    await once(socket, "open");
    const [init, start] = sends;
    socket.send(JSON.stringify(init));
    await once(socket, "message");
    socket.send(JSON.stringify(start));
    return { name: protocol, received, ...says };
  };
}

/** The events of a response, each with the empty line after it. */
function events({ body }: Response): readonly Buffer[] {
  const received: Buffer[] = [];
  void (async () => {
    let rest = Buffer.alloc(0);
    for await (const chunk of body ?? []) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        received.push(rest.subarray(0, end + 2));
        rest = rest.subarray(end + 2);
      }
    }
  })().catch(() => undefined);
  return received;
}

const json = { "content-type": "application/json" };
const accept = { accept: "text/event-stream" };
const comment = [":\n\n"];

function distinctStream(name: string): Open {
  return async (url) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { ...json, ...accept },
      body: JSON.stringify(request),
    });
    return { name, prelude: comment, head: "event: next\ndata: ", tail: "\n\n", received: events(response) };
  };
}

function singleStream(name: string): Open {
  return async (url) => {
    const token = await (await fetch(url, { method: "PUT" })).text();
    const headers = { ...json, ...accept, "x-graphql-event-stream-token": token };
    const stream = await fetch(url, { headers });
    const body = JSON.stringify({ ...request, extensions: { operationId: "ü" } });
    expect((await fetch(url, { method: "POST", headers, body })).status).toBe(202);
    const head = 'event: next\ndata: {"id":"ü","payload":';
    return { name, prelude: comment, head, tail: "}\n\n", received: events(stream) };
  };
}

const onTheServer: readonly Open[] = [
  webSocket("graphql-transport-ws", [{ type: "connection_init" }, { type: "subscribe", id: "1", payload: request }], {
    prelude: ['{"type":"connection_ack"}'],
    head: '{"id":"1","type":"next","payload":',
    tail: "}",
  }),
  webSocket("graphql-ws", [{ type: "connection_init" }, { type: "start", id: "ключ", payload: request }], {
    prelude: ['{"type":"connection_ack"}'],
    head: '{"id":"ключ","type":"data","payload":',
    tail: "}",
  }),
  webSocket("graphql-subscriptions", [{ type: "init" }, { type: "subscription_start", id: 0, ...request }], {
    prelude: ['{"type":"init_success"}', '{"type":"subscription_success","id":0}'],
    head: '{"type":"subscription_data","id":0,"payload":',
    tail: "}",
  }),
  distinctStream("an event stream of its own"),
  singleStream("an event stream of many operations"),
];

const byFetch: readonly Open[] = [
  distinctStream("an event stream of its own, by the fetch handler"),
  singleStream("an event stream of many operations, by the fetch handler"),
];

/** The payloads of a client's results, without what its dialect has around them. */
function payloads({ prelude, head, tail, received }: Client): readonly Buffer[] {
  expect(received.slice(0, prelude.length).map(String)).toEqual(prelude);
  return received.slice(prelude.length).map((message) => {
    const [start, end] = [Buffer.byteLength(head), message.length - tail.length];
    expect([message.subarray(0, start).toString(), message.subarray(end).toString()]).toEqual([head, tail]);
    return message.subarray(start, end);
  });
}

/** The same server once more, on a socket of a framework that speaks fetch. */
async function byFetchHandler(fanfare: Pick<Fanfare, "service">) {
  const listener = getRequestListener(fetchHandler(fanfare));
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  const port = await listenAnywhere(server);
  return { url: `http://127.0.0.1:${port}/graphql`, [Symbol.asyncDispose]: () => closeServer(server) };
}

describe("Clients of all dialects that listen to one topic", () => {
  it.each([
    ["one after the other", all, true],
    ["all at once", all, false],
    ["all at once, and fit into one write,", small, false],
  ])(
    "see events that come %s in the same order, with the same bytes of the same single execution",
    async (_, posts, waits) => {
      using executions = new Executions();
      await using chat = await streamingChat({ schema: chatSchema({ posted }) });
      await using fetching = await byFetchHandler(chat.fanfare);
      const clients = await Promise.all([
        ...onTheServer.map((open) => open(chat.url)),
        ...byFetch.map((open) => open(fetching.url)),
      ]);
      await chat.started(clients.length);

      let published = Promise.resolve();
      for (const [index, [post]] of posts.entries()) {
        published = chat.fanfare.publish(news({ about: "всё" }), post, { id: `event ${index}` });
        if (waits) await published;
      }
      await published;
      const behind = () =>
        clients.flatMap(({ name, prelude, received }) =>
          received.length < prelude.length + posts.length ? [name] : [],
        );
      await until(
        () => behind().length === 0,
        () => `results of ${behind().join(", ")}`,
      );

      const [first = [], ...others] = clients.map(payloads);
      expect(first.map((bytes) => JSON.parse(bytes.toString()))).toEqual(posts.map(([, payload]) => payload));
      for (const other of others) expect(other).toEqual(first);
      const [{ cohort } = { cohort: "none" }] = executions.all;
      expect(executions.all).toEqual(
        posts.map((_event, index) => ({
          cohort,
          event: `event ${index}`,
          members: clients.length,
          outcome: "delivered",
        })),
      );
    },
  );
});
