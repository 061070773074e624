import { closeCodes } from "./close-code.ts";
import { cutReason, quoted } from "./close-reason.ts";
import type { Dialect } from "./dialect.ts";
import { isObject, isOptionalObject, parseObject, type JsonObject } from "./json.ts";
import { lastingBytes } from "./lasting-bytes.ts";
import type { ClientMessage, MessagePayload, ServerMessage } from "./message.ts";
import { decodeRequest } from "./request.ts";

/** Habits of older servers that a client may have come to rely on. All are off by default. */
export interface GraphqlTransportWsOptions {
  /** True: a client that stops an operation gets `complete` for it. Default false. */
  readonly echoComplete?: boolean;
  /** A result that is sent when a subscription is live, such as `{ data: null }`. Default: none. */
  readonly confirmation?: MessagePayload;
  /** True: a `ping` is sent as soon as the connection is open. Default false. */
  readonly greeting?: boolean;
  /** True: an operation whose id is in use succeeds the older one, instead of closing with 4409. Default false. */
  readonly succession?: boolean;
  /** True: what is wrong with an operation comes as `next`, and does not end its id. Default false. */
  readonly errorsAsResults?: boolean;
}

/** The protocol of graphql-ws 5 and 6, Apollo Client 3.6 and later, urql and Relay. */
export function graphqlTransportWs(options: GraphqlTransportWsOptions = {}): Dialect {
  return {
    name: "graphql-transport-ws",
    rules: {
      early: "close",
      duplicate: options.succession ? "succeed" : "close",
      invalid: "close",
      refused: closeCodes.forbidden,
      singleResults: true,
      echoesComplete: options.echoComplete ?? false,
    },
    decode(text) {
      const parsed = parseObject(text);
      return "problem" in parsed ? invalid(parsed.problem) : decodeObject(parsed.object);
    },
    encode: (message) => wire(message, options).map((each) => encoder.encode(JSON.stringify(each))),
    envelope: (operationId) => ({
      head: lastingBytes(`{"id":${JSON.stringify(operationId)},"type":"next","payload":`),
      tail,
    }),
  };
}

const encoder = new TextEncoder();
const tail = encoder.encode("}");

function decodeObject(message: JsonObject): ClientMessage {
  const type = message["type"];
  switch (type) {
    case "connection_init":
      return withPayload("init", type, message["payload"]);
    case "ping":
    case "pong":
      return withPayload(type, type, message["payload"]);
    case "subscribe":
      return decodeSubscribe(message);
    case "complete": {
      const id = message["id"];
      return isId(id) ? { type: "complete", id } : invalid(needsId("complete"));
    }
    default:
      if (typeof type !== "string") return invalid('"type" must be a string');
      return invalid(`Unknown message type ${quoted(type)}`);
  }
}

function withPayload(type: "init" | "ping" | "pong", wireType: string, payload: unknown): ClientMessage {
  if (!isOptionalObject(payload)) return invalid(`"payload" of "${wireType}" must be an object`);
  return { type, payload: payload ?? undefined };
}

function decodeSubscribe(message: JsonObject): ClientMessage {
  const { id, payload } = message;
  if (!isId(id)) return invalid(needsId("subscribe"));
  if (!isObject(payload)) return invalid('"payload" of "subscribe" must be an object');
  const request = decodeRequest(payload);
  return "problem" in request ? invalid(request.problem) : { type: "subscribe", id, request };
}

function isId(id: unknown): id is string {
  return typeof id === "string" && id !== "";
}

function needsId(wireType: string): string {
  return `"id" of "${wireType}" must be a non-empty string`;
}

function invalid(reason: string): ClientMessage {
  return { type: "invalid", reason: cutReason(reason) };
}

function wire(message: ServerMessage, options: GraphqlTransportWsOptions): readonly object[] {
  const { confirmation, errorsAsResults, greeting } = options;
  switch (message.type) {
    case "opened":
      return greeting ? [{ type: "ping" }] : [];
    case "ack":
      return [{ type: "connection_ack", payload: message.payload }];
    case "started":
      return confirmation ? [{ id: message.id, type: "next", payload: confirmation }] : [];
    case "error":
      return errorsAsResults
        ? [{ id: message.id, type: "next", payload: { data: null, errors: message.errors } }]
        : [{ id: message.id, type: "error", payload: message.errors }];
    case "ping":
    case "pong":
    case "complete":
      // These stand on the wire as they stand here.
      return [message];
    case "refused":
    case "keepAlive":
    case "invalid":
      return [];
  }
}
