import type { ServerMessage } from "../bare-client.ts";
import type { JsonObject } from "./json-object.ts";

/** What a client asks to run. */
export interface Request {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: JsonObject | null | undefined;
}

/** What a message of a client means. Ids are their JSON, since one dialect tells `0` from `"0"`. */
export type Said =
  | { readonly type: "init" }
  | { readonly type: "ping"; readonly payload: unknown }
  | { readonly type: "nothing" }
  /** With an id that is over its limit, it is refused. */
  | { readonly type: "start"; readonly id: string; readonly request: Request; readonly refused: boolean }
  | { readonly type: "stop"; readonly id: string }
  | { readonly type: "leave" }
  /** It cannot be understood; the id is there if the message has one. */
  | { readonly type: "wrong"; readonly id?: string | undefined };

/** What a message of the server means. */
export type Reply =
  | { readonly type: "ack" }
  | { readonly type: "alive" }
  | { readonly type: "pong"; readonly payload: unknown }
  | { readonly type: Answer; readonly id: string }
  /** The client was not understood. */
  | { readonly type: "misunderstood"; readonly id: string | undefined };

/** A message of the server about one operation. */
export type Answer = "started" | "result" | "error" | "complete";

/**
 * In which order an operation is answered: at each step what may come, and to which step that leads. Step 0 is the
 * first.
 */
export interface Course {
  readonly steps: readonly Readonly<Partial<Record<Answer, number>>>[];
  /** The step at which everything has come that has to. */
  readonly end: number;
}

/** One dialect as PROTOCOL.md and its own documents tell it: words and rules, and no code of the server. */
export interface DialectModel {
  /** The WebSocket subprotocol. */
  readonly name: string;
  readonly words: { readonly init: string; readonly start: string; readonly stop: string; readonly ack: string };
  /** Types of messages that a client may send besides, and of such as it may not. */
  readonly others: { readonly known: readonly string[]; readonly unknown: readonly string[] };
  /** A start as clients send it. */
  start(id: unknown, request: unknown): object;
  /** What cannot be understood closes with 4400, or is answered. */
  readonly wrong: "close" | "answer";
  /** A start before the acknowledgement closes with 4401, or waits. */
  readonly early: "close" | "wait";
  /** A start with an id that is in use closes with 4409, or takes the place of the older one. */
  readonly duplicate: "close" | "replace";
  /** How queries and mutations, requests that cannot be run, and subscriptions are answered. */
  readonly courses: Readonly<Record<"result" | "error" | "events", Course>>;
  understand(message: JsonObject): Said;
  /** Undefined for a message that the dialect does not have. */
  reply(message: ServerMessage): Reply | undefined;
}
