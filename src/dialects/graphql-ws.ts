import { checkOptions } from "../base/option-check.ts";
import { aBoolean, aNumber, anObject, type RulesOf } from "../base/rule.ts";
import { type CloseCode, closeCodes, cutReason, quoted } from "../base/close-code.ts";
import { isObject, type JsonObject, parseObject } from "../base/json.ts";
import type { Dialect } from "./dialect.ts";
import { initPayload } from "./init-payload.ts";
import { lastingBytes } from "./lasting-bytes.ts";
import type { ClientMessage, MessagePayload, ServerMessage } from "./message.ts";
import { decodeRequest } from "./request.ts";

/** Behaviours of older servers that existing clients may depend on. All are off by default. */
export interface GraphqlWsOptions {
  /**
   * The close code when `onConnect` refuses. Default 1011, as in subscriptions-transport-ws; older servers sent 4000.
   */
  readonly refusedCode?: number;
  /** True: a client's `stop` is answered with `complete`. Default false. */
  readonly echoComplete?: boolean;
  /** The payload of a `data` that is sent when a subscription is live, such as `{ data: null }`. Default: none. */
  readonly confirmation?: MessagePayload;
  /** True: neither the acknowledgement nor keep-alives are sent. Default false. */
  readonly silent?: boolean;
  /**
   * True: a message `ka` goes with the acknowledgement, and with each WebSocket ping from then on; with a `keepAlive` of
   * Infinity there are none. Default false: WebSocket pings keep the connection.
   *
   * From its first `ka` on, a client leaves when it has heard none for its `timeout`: 30 s, but 10 s in
   * subscriptions-transport-ws 0.8.0 to 0.9.6, and 5 s in 0.7.0 and 0.7.1. The server's `keepAlive` has to be below it.
   */
  readonly keepAlives?: boolean;
  /** True: a keep-alive is sent as soon as the connection is open, and then as by `keepAlives`. Default false. */
  readonly greeting?: boolean;
  /** True: messages may come in binary frames, as of Apollo Kotlin 3.0 to 3.2.0. Default false: close 4400. */
  readonly binary?: boolean;
  /** True: a start whose id is in use replaces the old operation only once the new one is subscribed. Default false. */
  readonly succession?: boolean;
  /** True: an operation's errors are sent as `data`, and no `complete` follows. Default false. */
  readonly errorsAsResults?: boolean;
}

const rules: RulesOf<GraphqlWsOptions> = {
  binary: aBoolean,
  refusedCode: aNumber(1000, 4999),
  echoComplete: aBoolean,
  confirmation: anObject,
  silent: aBoolean,
  keepAlives: aBoolean,
  greeting: aBoolean,
  succession: aBoolean,
  errorsAsResults: aBoolean,
};

/**
 * The protocol of subscriptions-transport-ws 0.7 to 0.11, whose WebSocket subprotocol is called `graphql-ws`. The
 * client of the package graphql-ws does not speak it: it speaks `graphql-transport-ws`.
 *
 * Ids are texts, and numbers in 0.7.0 and 0.7.1. The number `1` and the text `"1"` are different ids.
 */
export function graphqlWs(options: GraphqlWsOptions = {}): Dialect {
  checkOptions("graphqlWs", options, rules);
  const { refusedCode = 1011, echoComplete = false } = options;
  const refused: CloseCode = { code: refusedCode, reason: closeCodes.forbidden.reason, retry: true };
  return {
    name: "graphql-ws",
    binary: options.binary ?? false,
    rules: {
      early: "wait",
      duplicate: options.succession ? "succeed" : "replace",
      invalid: "answer",
      refused,
      singleResults: true,
      echoesComplete: echoComplete,
      tellsLive: options.confirmation !== undefined,
      endsWithOperation: false,
    },
    decode(text) {
      const parsed = parseObject(text);
      return "problem" in parsed ? invalid(undefined, parsed.problem) : decodeObject(parsed.object);
    },
    encode: (message) => wire(message, options).map((each) => encoder.encode(JSON.stringify(each))),
    envelope: (operationId) => ({
      head: lastingBytes(`{"id":${JSON.stringify(idOf(operationId))},"type":"data","payload":`),
      tail,
    }),
  };
}

const encoder = new TextEncoder();
const tail = encoder.encode("}");

function decodeObject(message: JsonObject): ClientMessage {
  const { payload, type } = message;
  const known = keyOf(message["id"]);
  switch (type) {
    case "connection_init":
      return { type: "init", payload: initPayload(payload) };
    case "start": {
      if (known === undefined) return invalid(known, '"id" of "start" must be a non-empty string or a number');
      if (!isObject(payload)) return invalid(known, '"payload" of "start" must be an object');
      const request = decodeRequest(payload);
      return "problem" in request ? invalid(known, request.problem) : { type: "subscribe", id: known, request };
    }
    case "stop":
      if (known === undefined) return invalid(known, '"id" of "stop" must be a non-empty string or a number');
      return { type: "complete", id: known };
    case "connection_terminate":
      return { type: "terminate" };
    default:
      if (typeof type !== "string") return invalid(known, '"type" must be a string');
      return invalid(known, `Invalid message type! There is no ${quoted(type)}`);
  }
}

/** Begins the key of an id that is no plain text: what follows is its JSON. */
const mark = "\0";

/** An operation's key in this process: the id itself for a text, unless that begins with the mark. */
function keyOf(id: unknown): string | undefined {
  if (typeof id === "string" && id !== "") return id.startsWith(mark) ? mark + JSON.stringify(id) : id;
  // `1e999` parses to Infinity, which is written as `null`: an answer would carry no id.
  return Number.isFinite(id) ? mark + JSON.stringify(id) : undefined;
}

/** The id of a key, as the client gave it. */
function idOf(key: string): unknown {
  return key.startsWith(mark) ? JSON.parse(key.slice(mark.length)) : key;
}

function invalid(id: string | undefined, reason: string): ClientMessage {
  return { type: "invalid", ...(id !== undefined && { id }), reason: cutReason(reason) };
}

function wire(message: ServerMessage, options: GraphqlWsOptions): readonly object[] {
  const { confirmation, errorsAsResults, greeting = false, silent = false } = options;
  const keepsAlive = !silent && (options.keepAlives ?? greeting);
  switch (message.type) {
    case "opened":
      // A client leaves if none follows the first keep-alive.
      return greeting && message.keepsAlive ? [keepAlive] : [];
    case "ack": {
      if (silent) return [];
      const ack = { type: "connection_ack", payload: message.payload };
      return keepsAlive && message.keepsAlive ? [ack, keepAlive] : [ack];
    }
    case "refused":
      return [{ type: "connection_error", payload: { message: message.reason } }];
    case "keepAlive":
      return keepsAlive ? [keepAlive] : [];
    case "started":
      return confirmation ? [{ id: idOf(message.id), type: "data", payload: confirmation }] : [];
    case "error": {
      const id = idOf(message.id);
      // Not `error`: on it a client drops the operation and shows its caller only one message.
      const result = { id, type: "data", payload: { data: null, errors: message.errors } };
      return errorsAsResults ? [result] : [result, { id, type: "complete" }];
    }
    case "complete":
      return [{ type: "complete", id: idOf(message.id) }];
    case "invalid":
      if (message.id === undefined) return [{ type: "connection_error", payload: { message: message.reason } }];
      return [{ id: idOf(message.id), type: "error", payload: { message: message.reason } }];
    case "ping":
    case "pong":
      return [];
  }
}

const keepAlive = { type: "ka" };
