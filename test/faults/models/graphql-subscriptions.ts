import type { ServerMessage } from "../bare-client.ts";
import type { DialectModel, Reply, Said } from "./dialect-model.ts";
import { isObject, type JsonObject } from "./json-object.ts";
import { readRequest } from "./request.ts";

const maxIdBytes = 64;

/** PROTOCOL 10, which follows subscriptions-transport-ws 0.5. */
export const graphqlSubscriptions: DialectModel = {
  name: "graphql-subscriptions",
  words: { init: "init", start: "subscription_start", stop: "subscription_end", ack: "init_success" },
  others: { known: [], unknown: ["subscription_data", "subscribe", "start", "connection_init", "keepalive"] },
  start: (id, request) => ({ ...(isObject(request) ? request : { query: request }), type: "subscription_start", id }),
  wrong: "answer",
  early: "wait",
  duplicate: "replace",
  courses: {
    // PROTOCOL 10.9.
    result: { steps: [{ error: 1 }, {}], end: 1 },
    error: { steps: [{ error: 1 }, {}], end: 1 },
    events: { steps: [{ started: 1 }, { result: 1 }], end: 1 },
  },
  understand(message) {
    const id = idOf(message);
    switch (message["type"]) {
      case "init":
        return { type: "init" };
      case "subscription_end":
        // Clients end what they are told of and do not know, also what has no id.
        return id === undefined ? { type: "nothing" } : { type: "stop", id };
      case "subscription_start":
        return id === undefined ? { type: "wrong" } : start(id, message);
      default:
        return { type: "wrong", id };
    }
  },
  reply(message) {
    const id = idOf(message);
    if (message.type === "init_success") return { type: "ack" };
    if (message.type === "keepalive") return { type: "alive" };
    if (message.type === "subscription_fail") return failure(message, id);
    if (id === undefined) return undefined;
    if (message.type === "subscription_success") return { type: "started", id };
    return message.type === "subscription_data" ? { type: "result", id } : undefined;
  },
};

function start(id: string, message: JsonObject): Said {
  const request = readRequest(message);
  if (!request) return { type: "wrong", id };
  return { type: "start", id, request, refused: Buffer.byteLength(id) > maxIdBytes };
}

/** Two things have one name here; an operation that was refused has errors with codes (PROTOCOL 9.1). */
function failure({ payload }: ServerMessage, id: string | undefined): Reply {
  const hasCode = JSON.stringify(payload).includes('"code":');
  return id !== undefined && hasCode ? { type: "error", id } : { type: "misunderstood", id };
}

/** Numbers as JSON has them, and texts. */
function idOf({ id }: { readonly id?: unknown }): string | undefined {
  const isId = (typeof id === "number" && Number.isFinite(id)) || (typeof id === "string" && id !== "");
  return isId ? JSON.stringify(id) : undefined;
}
