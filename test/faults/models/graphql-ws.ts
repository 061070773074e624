import type { DialectModel, Said } from "./dialect-model.ts";
import { isObject, type JsonObject } from "./json-object.ts";
import { readRequest } from "./request.ts";

const maxIdBytes = 64;

/** PROTOCOL 10, which follows subscriptions-transport-ws 0.11. */
export const graphqlWs: DialectModel = {
  name: "graphql-ws",
  words: { init: "connection_init", start: "start", stop: "stop", ack: "connection_ack" },
  others: { known: [], unknown: ["data", "subscribe", "complete", "ping", "subscription_start", "ka"] },
  start: (id, request) => ({ type: "start", id, payload: request }),
  wrong: "answer",
  early: "wait",
  duplicate: "replace",
  courses: {
    result: { steps: [{ result: 1 }, { complete: 2 }, {}], end: 2 },
    // What cannot be started is told by a result.
    error: { steps: [{ result: 1 }, { complete: 2 }, {}], end: 2 },
    events: { steps: [{ result: 0 }], end: 0 },
  },
  understand(message) {
    const { type, payload } = message;
    const id = idOf(message);
    switch (type) {
      case "connection_init":
        return { type: "init" };
      case "connection_terminate":
        return { type: "leave" };
      case "stop":
        return id === undefined ? { type: "wrong" } : { type: "stop", id };
      case "start":
        return id !== undefined && isObject(payload) ? start(id, payload) : { type: "wrong", id };
      default:
        return { type: "wrong", id };
    }
  },
  reply(message) {
    const id = idOf(message);
    if (message.type === "connection_ack") return { type: "ack" };
    if (message.type === "ka") return { type: "alive" };
    if (message.type === "connection_error") return { type: "misunderstood", id: undefined };
    if (id === undefined) return undefined;
    if (message.type === "error") return { type: "misunderstood", id };
    if (message.type === "data") return { type: "result", id };
    return message.type === "complete" ? { type: "complete", id } : undefined;
  },
};

function start(id: string, payload: JsonObject): Said {
  const request = readRequest(payload);
  if (!request) return { type: "wrong", id };
  const given: unknown = JSON.parse(id);
  return { type: "start", id, request, refused: Buffer.byteLength(String(given)) > maxIdBytes };
}

function idOf({ id }: { readonly id?: unknown }): string | undefined {
  const isId = Number.isFinite(id) || (typeof id === "string" && id !== "");
  return isId ? JSON.stringify(id) : undefined;
}
