import type { DialectModel, Said } from "./dialect-model.ts";
import { isObject, isObjectOrAbsent, type JsonObject } from "./json-object.ts";
import { readRequest } from "./request.ts";

const maxIdBytes = 64;

/** https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, with PROTOCOL 2 and 3. */
export const graphqlTransportWs: DialectModel = {
  name: "graphql-transport-ws",
  words: { init: "connection_init", start: "subscribe", stop: "complete", ack: "connection_ack" },
  others: { known: ["ping", "pong"], unknown: ["next", "error", "start", "stop", "ka", "connection_terminate"] },
  start: (id, request) => ({ type: "subscribe", id, payload: request }),
  wrong: "close",
  early: "close",
  duplicate: "close",
  courses: {
    result: { steps: [{ result: 1 }, { complete: 2 }, {}], end: 2 },
    error: { steps: [{ error: 1 }, {}], end: 1 },
    events: { steps: [{ result: 0 }], end: 0 },
  },
  understand({ type, id, payload }) {
    switch (type) {
      case "connection_init":
        return isObjectOrAbsent(payload) ? { type: "init" } : { type: "wrong" };
      case "ping":
        return isObjectOrAbsent(payload) ? { type: "ping", payload: payload ?? undefined } : { type: "wrong" };
      case "pong":
        return isObjectOrAbsent(payload) ? { type: "nothing" } : { type: "wrong" };
      case "complete":
        return isId(id) ? { type: "stop", id: JSON.stringify(id) } : { type: "wrong" };
      case "subscribe":
        return isObject(payload) ? start(id, payload) : { type: "wrong" };
      default:
        return { type: "wrong" };
    }
  },
  reply({ type, id, payload }) {
    if (type === "connection_ack") return { type: "ack" };
    if (type === "pong") return { type: "pong", payload };
    if (!isId(id)) return undefined;
    const key = JSON.stringify(id);
    if (type === "next") return { type: "result", id: key };
    return type === "error" || type === "complete" ? { type, id: key } : undefined;
  },
};

function start(id: unknown, payload: JsonObject): Said {
  const request = readRequest(payload);
  if (!isId(id) || !request) return { type: "wrong" };
  return { type: "start", id: JSON.stringify(id), request, refused: Buffer.byteLength(id) > maxIdBytes };
}

function isId(id: unknown): id is string {
  return typeof id === "string" && id !== "";
}
