import { checkOptions } from "../base/option-check.ts";
import { aBoolean, anObject, type RulesOf } from "../base/rule.ts";
import { closeCodes, cutReason, quoted } from "../base/close-code.ts";
import { isObject, isOptionalObject, type JsonObject, parseObject } from "../base/json.ts";
import type { Dialect } from "./dialect.ts";
import { initPayload } from "./init-payload.ts";
import { lastingBytes } from "./lasting-bytes.ts";
import type { ClientMessage, MessagePayload, ServerMessage } from "./message.ts";
import { decodeRequest } from "./request.ts";

/** Behaviours of older servers that existing clients may depend on. All are off by default. */
export interface GraphqlTransportWsOptions {
  /** True: a client's `complete` is answered with `complete`. Default false. */
  readonly echoComplete?: boolean;
  /** The payload of a `next` that is sent when a subscription is live, such as `{ data: null }`. Default: none. */
  readonly confirmation?: MessagePayload;
  /** True: a `ping` is sent as soon as the connection is open. Default false. */
  readonly greeting?: boolean;
  /** True: a `ping` goes with each WebSocket ping to a client that was acknowledged. Default false. */
  readonly pings?: boolean;
  /**
   * True: a subscribe whose id is in use replaces the old operation once the new one is subscribed, instead of closing
   * with 4409. Default false.
   */
  readonly succession?: boolean;
  /** True: an operation's errors are sent as `next`, which does not end its id, instead of `error`. Default false. */
  readonly errorsAsResults?: boolean;
  /**
   * True: an invalid message is answered with `error` if it has an id, and ignored if it has none, instead of closing
   * with 4400. Default false.
   */
  readonly answerInvalid?: boolean;
  /**
   * True: the payload of an init may be any JSON, and an empty text counts as absent, as the client of
   * django-channels-graphql-ws sends it. What is no object becomes `{ payload }`. Default false: close 4400.
   */
  readonly anyPayload?: boolean;
}

const rules: RulesOf<GraphqlTransportWsOptions> = {
  echoComplete: aBoolean,
  confirmation: anObject,
  greeting: aBoolean,
  pings: aBoolean,
  succession: aBoolean,
  errorsAsResults: aBoolean,
  answerInvalid: aBoolean,
  anyPayload: aBoolean,
};

/** The protocol of graphql-ws 5 and 6, Apollo Client 3.6 and later, urql and Relay. */
export function graphqlTransportWs(options: GraphqlTransportWsOptions = {}): Dialect {
  checkOptions("graphqlTransportWs", options, rules);
  return {
    name: "graphql-transport-ws",
    rules: {
      early: "close",
      duplicate: options.succession ? "succeed" : "close",
      invalid: options.answerInvalid ? "answer" : "close",
      refused: closeCodes.forbidden,
      singleResults: true,
      echoesComplete: options.echoComplete ?? false,
      tellsLive: options.confirmation !== undefined,
      endsWithOperation: false,
    },
    decode(text) {
      const parsed = parseObject(text);
      return "problem" in parsed ? invalid(undefined, parsed.problem) : decodeObject(parsed.object, options);
    },
    encode(message) {
      if (message.type === "ack" && message.payload === undefined) return plainAck;
      if (message.type === "pong" && message.payload === undefined) return plainPong;
      return wire(message, options).map((each) => encoder.encode(JSON.stringify(each)));
    },
    envelope: (operationId) => ({
      head: lastingBytes(`{"id":${JSON.stringify(operationId)},"type":"next","payload":`),
      tail,
    }),
  };
}

const encoder = new TextEncoder();
const tail = encoder.encode("}");
// Encoded once, as they are the same for all clients: a thundering herd asks for thousands at the same time.
const plainAck = [encoder.encode(`{"type":"connection_ack"}`)];
const plainPong = [encoder.encode(`{"type":"pong"}`)];

function decodeObject(message: JsonObject, { anyPayload }: GraphqlTransportWsOptions): ClientMessage {
  const { id, payload, type } = message;
  const known = isId(id) ? id : undefined;
  switch (type) {
    case "connection_init":
      if (anyPayload) return { type: "init", payload: initPayload(payload) };
      return withPayload("init", type, payload);
    case "ping":
    case "pong":
      return withPayload(type, type, payload);
    case "subscribe":
      return decodeSubscribe(known, payload);
    case "complete":
      return known === undefined ? invalid(known, needsId("complete")) : { type: "complete", id: known };
    default:
      if (typeof type !== "string") return invalid(known, '"type" must be a string');
      return invalid(known, `Unknown message type ${quoted(type)}`);
  }
}

function withPayload(type: "init" | "ping" | "pong", wireType: string, payload: unknown): ClientMessage {
  if (!isOptionalObject(payload)) return invalid(undefined, `"payload" of "${wireType}" must be an object`);
  return { type, payload: payload ?? undefined };
}

function decodeSubscribe(id: string | undefined, payload: unknown): ClientMessage {
  if (id === undefined) return invalid(id, needsId("subscribe"));
  if (!isObject(payload)) return invalid(id, '"payload" of "subscribe" must be an object');
  const request = decodeRequest(payload);
  return "problem" in request ? invalid(id, request.problem) : { type: "subscribe", id, request };
}

function isId(id: unknown): id is string {
  return typeof id === "string" && id !== "";
}

function needsId(wireType: string): string {
  return `"id" of "${wireType}" must be a non-empty string`;
}

function invalid(id: string | undefined, reason: string): ClientMessage {
  return { type: "invalid", ...(id !== undefined && { id }), reason: cutReason(reason) };
}

function wire(message: ServerMessage, options: GraphqlTransportWsOptions): readonly object[] {
  const { answerInvalid, confirmation, errorsAsResults, greeting, pings } = options;
  switch (message.type) {
    case "opened":
      return greeting ? [ping] : [];
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
      // These messages have the same form on the wire.
      return [message];
    case "keepAlive":
      return pings ? [ping] : [];
    case "invalid": {
      const { id, reason } = message;
      if (!answerInvalid || id === undefined) return [];
      return [{ id, type: "error", payload: [{ message: reason, extensions: { code: "INVALID_MESSAGE" } }] }];
    }
    case "refused":
      return [];
  }
}

const ping = { type: "ping" };
