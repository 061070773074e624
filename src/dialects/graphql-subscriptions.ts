import { checkOptions } from "../base/option-check.ts";
import { aBoolean, type RulesOf } from "../base/rule.ts";
import { type CloseCode, closeCodes, cutReason, quoted } from "../base/close-code.ts";
import { type JsonObject, parseObject } from "../base/json.ts";
import type { Dialect } from "./dialect.ts";
import { initPayload } from "./init-payload.ts";
import { lastingBytes } from "./lasting-bytes.ts";
import type { ClientMessage, ServerMessage } from "./message.ts";
import { decodeRequest } from "./request.ts";

/** Behaviours of older servers that existing clients may depend on. All are off by default. */
export interface GraphqlSubscriptionsOptions {
  /**
   * True: a message `keepalive` goes with each WebSocket ping to a client that was acknowledged. Default false:
   * WebSocket pings keep the connection.
   */
  readonly keepAlives?: boolean;
  /** True: a keep-alive is sent as soon as the connection is open, and then as by `keepAlives`. Default false. */
  readonly greeting?: boolean;
}

const rules: RulesOf<GraphqlSubscriptionsOptions> = {
  keepAlives: aBoolean,
  greeting: aBoolean,
};

/**
 * The protocol of subscriptions-transport-ws 0.5 and 0.6, from 2016; earlier versions have no init, and are not served. It
 * carries subscriptions only, its ids are numbers from 0, and a start may come before the init. The `context` that a
 * client may send is ignored: only the server decides the context.
 *
 * An operation's id is kept as its JSON, so that the number `0` and the string `"0"` are different ids.
 */
export function graphqlSubscriptions(options: GraphqlSubscriptionsOptions = {}): Dialect {
  checkOptions("graphqlSubscriptions", options, rules);
  return {
    name: "graphql-subscriptions",
    rules: {
      early: "wait",
      duplicate: "replace",
      invalid: "answer",
      refused: { code: 1011, reason: closeCodes.forbidden.reason, retry: true } satisfies CloseCode,
      singleResults: false,
      echoesComplete: false,
      tellsLive: true,
      endsWithOperation: false,
    },
    decode(text) {
      const parsed = parseObject(text);
      return "problem" in parsed ? invalid(undefined, parsed.problem) : decodeObject(parsed.object);
    },
    encode: (message) => wire(message, options).map((text) => encoder.encode(text)),
    envelope: (operationId) => ({
      head: lastingBytes(`{"type":"subscription_data","id":${operationId},"payload":`),
      tail,
    }),
  };
}

const encoder = new TextEncoder();
const tail = encoder.encode("}");
const keepAlive = '{"type":"keepalive"}';

function decodeObject(message: JsonObject): ClientMessage {
  const { payload, type } = message;
  const id = idOf(message["id"]);
  switch (type) {
    case "init":
      return { type: "init", payload: initPayload(payload) };
    case "subscription_start": {
      if (id === undefined) return invalid(id, '"id" of "subscription_start" must be a number or a non-empty string');
      const request = decodeRequest(message);
      return "problem" in request ? invalid(id, request.problem) : { type: "subscribe", id, request };
    }
    case "subscription_end":
      // No operation has the id `null`. An error would loop: clients end every operation that they do not know.
      return { type: "complete", id: id ?? "null" };
    default:
      if (typeof type !== "string") return invalid(id, '"type" must be a string');
      return invalid(id, `Invalid message type! There is no ${quoted(type)}`);
  }
}

function idOf(id: unknown): string | undefined {
  // `1e999` parses to Infinity, which is written as `null`: an answer would carry no id.
  const isId = Number.isFinite(id) || (typeof id === "string" && id !== "");
  return isId ? JSON.stringify(id) : undefined;
}

function invalid(id: string | undefined, reason: string): ClientMessage {
  return { type: "invalid", ...(id !== undefined && { id }), reason: cutReason(reason) };
}

function wire(message: ServerMessage, options: GraphqlSubscriptionsOptions): readonly string[] {
  const { greeting = false, keepAlives = greeting } = options;
  switch (message.type) {
    case "opened":
      return greeting && message.keepsAlive ? [keepAlive] : [];
    case "ack":
      return ['{"type":"init_success"}'];
    case "refused": {
      // Clients from 0.5.4 on read `payload.error`; servers written in Python sent `error`.
      const error = JSON.stringify(message.reason);
      return [`{"type":"init_fail","payload":{"error":${error}},"error":${error}}`];
    }
    case "keepAlive":
      return keepAlives ? [keepAlive] : [];
    case "started":
      return [`{"type":"subscription_success","id":${message.id}}`];
    case "error":
      return [failure(message.id, message.errors)];
    case "invalid":
      return [failure(message.id ?? "null", [{ message: message.reason }])];
    case "complete":
    case "ping":
    case "pong":
      return [];
  }
}

function failure(id: string, errors: readonly object[]): string {
  return `{"type":"subscription_fail","id":${id},"payload":{"errors":${JSON.stringify(errors)}}}`;
}
