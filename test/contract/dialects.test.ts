import * as vitest from "vitest";
import type { Dialect } from "../../src/dialects/dialect.ts";
import { eventStream, singleEventStream } from "../../src/dialects/event-stream.ts";
import { graphqlSubscriptions } from "../../src/dialects/graphql-subscriptions.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { graphqlWs } from "../../src/dialects/graphql-ws.ts";
import type { ClientMessage } from "../../src/dialects/message.ts";
import { streams } from "../../src/dialects/streams.ts";
import { dialectContract, type DialectContractOptions, type ReadMessage } from "../../src/testing/dialect-contract.ts";

type Conversation = Pick<DialectContractOptions, "read" | "subscribe" | "transcript">;

const query = "subscription Cars($make: String) { car(make: $make) { id } }";
const variables = { make: 'Š"koda' };

function started(id: string): ClientMessage {
  return { type: "subscribe", id, request: { query, operationName: "Cars", variables, extensions: undefined } };
}

const payload = { query, operationName: "Cars", variables, extensions: null };

const transportWs: Conversation = {
  subscribe: (id, text) => JSON.stringify({ id, type: "subscribe", payload: { query: text } }),
  transcript: [
    ['{"type":"connection_init"}', { type: "init", payload: undefined }],
    ['{"type":"connection_init","payload":{"token":"t"}}', { type: "init", payload: { token: "t" } }],
    ['{"type":"ping","payload":null}', { type: "ping", payload: undefined }],
    ['{"type":"pong","payload":{"n":1}}', { type: "pong", payload: { n: 1 } }],
    [JSON.stringify({ id: "ключ", type: "subscribe", payload }), started("ключ")],
    ['{"id":"1","type":"complete"}', { type: "complete", id: "1" }],
  ],
};

const olderWs: Conversation = {
  subscribe: (id, text) => JSON.stringify({ id, type: "start", payload: { query: text } }),
  transcript: [
    ['{"type":"connection_init","payload":{}}', { type: "init", payload: {} }],
    [JSON.stringify({ id: "1", type: "start", payload }), started("1")],
    ['{"id":"1","type":"stop"}', { type: "complete", id: "1" }],
    ['{"type":"connection_terminate"}', { type: "terminate" }],
  ],
};

const firstWs: Conversation = {
  subscribe: (id, text) => JSON.stringify({ type: "subscription_start", id, query: text }),
  transcript: [
    ['{"type":"init"}', { type: "init", payload: undefined }],
    [JSON.stringify({ type: "subscription_start", id: 0, ...payload }), started("0")],
    [JSON.stringify({ type: "subscription_start", id: "0", ...payload }), started('"0"')],
    ['{"type":"subscription_end","id":0}', { type: "complete", id: "0" }],
  ],
};

/** Parses an event of a stream; a comment has neither type nor data. */
function readEvent(message: string): { readonly type: string | undefined; readonly data: string } {
  const lines = /^(?:event: (\w+)\ndata: ([^\r\n]*)|:)\n\n$/.exec(message);
  if (!lines) throw new Error(`Not an event: ${JSON.stringify(message)}`);
  return { type: lines[1], data: lines[2] ?? "" };
}

function readDistinct(message: string): ReadMessage {
  const { type, data } = readEvent(message);
  return type === "next" ? { result: JSON.parse(data) } : {};
}

function readSingle(message: string): ReadMessage {
  const { type, data } = readEvent(message);
  if (type === undefined) return {};
  const { id, payload: result } = JSON.parse(data);
  return { id, result };
}

function prove(name: string, create: () => Dialect, more: Omit<DialectContractOptions, "name" | "create">): void {
  dialectContract(vitest, { name, create, ...more });
}

prove("graphql-transport-ws", () => graphqlTransportWs(), transportWs);

prove(
  "graphql-transport-ws with every habit of older servers",
  () =>
    graphqlTransportWs({
      echoComplete: true,
      confirmation: { data: null },
      greeting: true,
      pings: true,
      succession: true,
      errorsAsResults: true,
      answerInvalid: true,
    }),
  transportWs,
);

prove("graphql-ws", () => graphqlWs(), olderWs);

prove(
  "graphql-ws with every habit of older servers",
  () =>
    graphqlWs({
      refusedCode: 4000,
      echoComplete: true,
      confirmation: { data: null },
      silent: true,
      greeting: true,
      succession: true,
      errorsAsResults: true,
    }),
  olderWs,
);

prove("graphql-subscriptions", () => graphqlSubscriptions(), {
  ...firstWs,
  read(message) {
    const { id, payload: result } = JSON.parse(message);
    return { id, result };
  },
});

prove("graphql-subscriptions with a greeting", () => graphqlSubscriptions({ greeting: true }), firstWs);

prove("event-stream", () => eventStream, {
  ...transportWs,
  read: readDistinct,
  excuses: [
    "encodes the operation's id in messages about an operation",
    "encodes the operation's id in an envelope",
  ].map((name) => ({
    case: name,
    reason: "a response has one operation",
  })),
});

prove("event-stream-single", () => singleEventStream, { ...transportWs, read: readSingle });

const byChannel = "clients subscribe over HTTP, and the channel writes what there is to say in frames of its own";

prove("streams", () => streams(() => ({ status: 400, reason: "Invalid Action" })), {
  read: (message) => ({ result: JSON.parse(message) }),
  transcript: [
    [
      '{"stream":"cars","payload":{"action":"create","request_id":7}}',
      {
        type: "invalid",
        id: JSON.stringify({
          stream: "cars",
          payload: {
            errors: ["Invalid Action"],
            data: null,
            action: "create",
            response_status: 400,
            request_id: 7,
          },
        }),
        reason: "Invalid Action",
      },
    ],
  ],
  excuses: [
    { case: "encodes the operation's id in messages about an operation", reason: byChannel },
    { case: "encodes an operation's error", reason: byChannel },
    { case: "encodes the operation's id in an envelope", reason: "a notification has the name of its stream" },
    { case: "has a name that is allowed as a subprotocol", reason: "its clients ask for no subprotocol" },
    {
      case: "encodes `started` if its rules have `tellsLive`, and nothing otherwise",
      reason: byChannel,
    },
    { case: "encodes `complete` if its rules need it", reason: byChannel },
  ],
});
