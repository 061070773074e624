import { getOperationAST, parse, validate, type GraphQLSchema } from "graphql";
import type { ServerMessage } from "./bare-client.ts";
import type { Heard } from "./frame-reader.ts";

/** How a request may be answered: one result, an error, events, or any of these. */
type Kind = "result" | "error" | "events" | "any";

interface Asked {
  readonly kind: Kind;
  /** The client has completed it, or may have. */
  stopped: boolean;
}

const maxDepth = 64;
const maxIdBytes = 64;

/**
 * What graphql-transport-ws and PROTOCOL.md ask of a server that has heard certain things: nothing but rules, and no
 * code of the server. Where two things race, both outcomes are right.
 */
export class ProtocolModel {
  /** Payloads of the protocol's own pongs, in order. */
  readonly pongs: unknown[] = [];
  /** Payloads of the pong frames, in order. */
  readonly frames: string[] = [];
  /** The code that the connection must be closed with. */
  closing: number | undefined;
  /** Codes that it may be closed with, though it need not. */
  readonly closings: Set<number> = new Set<number>();
  readonly #schema: GraphQLSchema;
  readonly #operations = new Map<string, Asked[]>();
  #state: "open" | "connecting" | "ready";

  /** @param ready whether the connection was acknowledged before. */
  constructor(schema: GraphQLSchema, ready: boolean) {
    this.#schema = schema;
    this.#state = ready ? "ready" : "open";
  }

  hear(heard: Heard): void {
    if (this.closing !== undefined) return;
    if (heard.type === "ping") this.frames.push(heard.payload);
    else if (heard.type === "close") this.closing = heard.answer;
    else if (heard.type === "wrong") this.closing = heard.code;
    else if (heard.type === "binary") this.closing = 4400;
    else if (heard.type === "text") this.#message(heard.text);
  }

  /** What is wrong with the server's messages so far. With `final`, also what is missing. */
  objection(messages: readonly ServerMessage[], final: boolean): string | undefined {
    const acks = messages.filter(({ type }) => type === "connection_ack").length;
    if (acks > (this.#state === "connecting" ? 1 : 0)) return "an acknowledgement too many";
    const pongs = messages.flatMap(({ type, payload }) => (type === "pong" ? [payload] : []));
    const expected = final ? this.pongs : this.pongs.slice(0, pongs.length);
    if (JSON.stringify(pongs) !== JSON.stringify(expected)) return "other pongs than were asked for";
    for (const { type, id } of messages) {
      if (!["connection_ack", "pong", "next", "error", "complete"].includes(type)) return `a message ${type}`;
      if (id !== undefined && !this.#operations.has(id)) return `an answer to ${id}, which was not asked`;
    }
    for (const [id, asked] of this.#operations) {
      const answers = messages.filter((message) => message.id === id).map(({ type }) => type);
      if (!answered(asked, answers, final)) return `the answers ${answers.join()} to ${id}: ${JSON.stringify(asked)}`;
    }
    return undefined;
  }

  #message(text: string): void {
    const message = readObject(text);
    const payload = message?.["payload"] ?? undefined;
    switch (message?.["type"]) {
      case "connection_init":
        if (!isObjectOrAbsent(payload)) this.closing = 4400;
        else if (this.#state !== "open") this.closing = 4429;
        else this.#state = "connecting";
        return;
      case "ping":
        if (isObjectOrAbsent(payload)) this.pongs.push(payload);
        else this.closing = 4400;
        return;
      case "pong":
        if (!isObjectOrAbsent(payload)) this.closing = 4400;
        return;
      case "complete":
        if (isId(message["id"])) this.#stop(message["id"]);
        else this.closing = 4400;
        return;
      case "subscribe":
        return this.#subscribe(message["id"], payload);
      default:
        this.closing = 4400;
    }
  }

  #subscribe(id: unknown, payload: unknown): void {
    if (!isId(id) || Buffer.byteLength(id) > maxIdBytes || !isRequest(payload)) {
      this.closing = 4400;
      return;
    }
    if (this.#state === "open") {
      this.closing = 4401;
      return;
    }
    // The acknowledgement may not have been sent when this arrives.
    if (this.#state === "connecting") this.closings.add(4401);
    const asked = this.#operations.get(id) ?? [];
    const last = asked.at(-1);
    if (last && !last.stopped) {
      if (last.kind === "events") {
        this.closing = 4409;
        return;
      }
      // Whether it was answered before this arrived, nobody can tell.
      this.closings.add(4409);
    }
    asked.push({ kind: kindOf(this.#schema, payload), stopped: false });
    this.#operations.set(id, asked);
  }

  #stop(id: string): void {
    const last = this.#operations.get(id)?.at(-1);
    if (last) last.stopped = true;
  }
}

/** Whether these types of messages answer these requests with one id, one after the other. */
function answered(asked: readonly Asked[], answers: readonly string[], final: boolean): boolean {
  let places = passStopped(asked, new Set([0]));
  for (const answer of answers) {
    const next = new Set<number>();
    for (const place of places) for (const following of afterAnswer(asked, place, answer)) next.add(following);
    places = passStopped(asked, next);
  }
  if (!final) return places.size > 0;
  const last = asked.at(-1);
  const endless = last?.kind === "events" || last?.kind === "any";
  return places.has(2 * asked.length) || (endless && [...places].some((place) => place >= 2 * asked.length - 2));
}

/** A place is twice the index of a request, and one more when its result has come and its end has not. */
function afterAnswer(asked: readonly Asked[], place: number, answer: string): readonly number[] {
  const index = Math.floor(place / 2);
  const kind = asked[index]?.kind;
  const ended = 2 * index + 2;
  if (kind === undefined) return [];
  if (answer === "error") return kind === "error" || (kind === "any" && place % 2 === 0) ? [ended] : [];
  if (answer === "complete") return (kind === "result" || kind === "any") && place % 2 === 1 ? [ended] : [];
  if (kind === "events") return [place];
  if (kind === "any") return [2 * index + 1];
  return kind === "result" && place % 2 === 0 ? [2 * index + 1] : [];
}

/** A request that was stopped may be answered no further. */
function passStopped(asked: readonly Asked[], places: Set<number>): Set<number> {
  for (const place of places) {
    const index = Math.floor(place / 2);
    if (asked[index]?.stopped) places.add(2 * index + 2);
  }
  return places;
}

interface Request {
  readonly query: string;
  readonly operationName?: string | null;
}

function kindOf(schema: GraphQLSchema, { query, operationName }: Request): Kind {
  try {
    const document = parse(query);
    const operation = getOperationAST(document, operationName);
    if (!operation || validate(schema, document).length > 0) return "error";
    if (operation.variableDefinitions && operation.variableDefinitions.length > 0) return "any";
    return operation.operation === "subscription" ? "events" : "result";
  } catch {
    return "error";
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && depthOf(value) <= maxDepth && !hasPrototypeKey(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function hasPrototypeKey(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasPrototypeKey);
}

function isRequest(value: unknown): value is Request {
  if (!isObject(value)) return false;
  const { query, operationName, variables, extensions } = value;
  return (
    typeof query === "string" &&
    (operationName == null || typeof operationName === "string") &&
    isObjectOrAbsent(variables ?? undefined) &&
    isObjectOrAbsent(extensions ?? undefined)
  );
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isObjectOrAbsent(value: unknown): boolean {
  return value === undefined || isObject(value);
}
