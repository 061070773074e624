import { cutReason, quoted } from "./close-reason.ts";
import type { Dialect } from "./dialect.ts";
import { isObject, isOptionalObject, isOptionalString, parseObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { lastingBytes } from "./lasting-bytes.ts";
import type { ClientMessage, ServerMessage } from "./message.ts";

/** The protocol of graphql-ws 5 and 6, Apollo Client 3.6 and later, urql and Relay. */
export const graphqlTransportWs: Dialect = {
  name: "graphql-transport-ws",
  decode(text) {
    const parsed = parseObject(text);
    return "problem" in parsed ? invalid(parsed.problem) : decodeObject(parsed.object);
  },
  encode: (message) => bytes(JSON.stringify(wire(message))),
  envelope: (operationId) => ({
    head: lastingBytes(`{"id":${JSON.stringify(operationId)},"type":"next","payload":`),
    tail,
  }),
};

const encoder = new TextEncoder();
const tail = bytes("}");

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

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
  const { query, operationName, variables, extensions } = payload;
  // A document that was parsed already (an AST object) would pass by the limits of the parser.
  if (typeof query !== "string") return invalid('"query" must be a string');
  if (!isOptionalString(operationName)) return invalid('"operationName" must be a string');
  if (!isOptionalObject(variables)) return invalid('"variables" must be an object');
  if (!isOptionalObject(extensions)) return invalid('"extensions" must be an object');
  return {
    type: "subscribe",
    id,
    request: {
      query,
      operationName: operationName ?? undefined,
      variables: variables ?? undefined,
      extensions: extensions ?? undefined,
    },
  };
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

function wire(message: ServerMessage): object {
  if (message.type === "ack") return { type: "connection_ack", payload: message.payload };
  if (message.type === "error") return { id: message.id, type: "error", payload: message.errors };
  // Pings, pongs and completes stand on the wire as they stand here.
  return message;
}
