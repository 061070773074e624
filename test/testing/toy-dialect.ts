import type { Dialect, DialectRules } from "../../src/dialects/dialect.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import type { ClientMessage, Envelope, ServerMessage } from "../../src/dialects/message.ts";

/** A mistake that a dialect's author can make; the contract has to find each of them. */
export type DialectBug =
  | "throws on null"
  | "takes an unknown type for a ping"
  | "says at length what is wrong"
  | "repeats what a client wrote as it is"
  | "lets __proto__ pass"
  | "overlooks the operation's name"
  | "trims ids"
  | "remembers that it has read a text"
  | "throws for a message that it does not have"
  | "writes a message in two halves"
  | "leaves the id out of errors"
  | "keeps errors to itself"
  | "encodes into one buffer again and again"
  | "numbers its messages"
  | "writes into messages"
  | "does not escape ids"
  | "leaves the id out of results"
  | "cuts envelopes from one buffer again and again"
  | "has a name of two words"
  | "has a rule that there is not"
  | "refuses with a code that only a browser makes"
  | "answers nothing though it says that it does"
  | "answers though it says that it closes"
  | "does not say that a subscription is live though it says that it does"
  | "cannot end an operation though it says that it does";

const encoder = new TextEncoder();

/** A dialect that is correct except for one mistake. */
export class ToyDialect implements Dialect {
  readonly #bug: DialectBug | undefined;
  readonly #right: Dialect;
  readonly #read = new Set<string>();
  readonly #buffer = new Uint8Array(262_144);
  #written = 0;

  constructor(bug?: DialectBug) {
    this.#bug = bug;
    this.#right = graphqlTransportWs({ answerInvalid: true, confirmation: { data: null } });
  }

  get name(): string {
    return this.#bug === "has a name of two words" ? "toy dialect" : "toy";
  }

  get rules(): DialectRules {
    const { rules } = this.#right;
    switch (this.#bug) {
      case "has a rule that there is not":
        return JSON.parse(JSON.stringify({ ...rules, early: "sometimes" }));
      case "refuses with a code that only a browser makes":
        return { ...rules, refused: { ...rules.refused, code: 1006 } };
      case "answers though it says that it closes":
        return { ...rules, invalid: "close" };
      default:
        return rules;
    }
  }

  decode(text: string): ClientMessage {
    if (this.#bug === "throws on null" && JSON.parse(text === "null" ? text : "{}").type === "never") throw new Error();
    if (this.#bug === "lets __proto__ pass" && text.includes('"__proto__":{"a":1},')) {
      return { type: "ping", payload: JSON.parse('{"__proto__":{"a":1}}') };
    }
    const message = this.#right.decode(text);
    if (this.#bug === "remembers that it has read a text") {
      if (message.type === "init" && this.#read.has(text)) return { type: "invalid", reason: "Once is enough" };
      this.#read.add(text);
    }
    if (message.type === "invalid") return this.#refuse(message, text);
    if (message.type === "subscribe") return this.#start(message);
    return message;
  }

  encode(message: ServerMessage): readonly Uint8Array[] {
    switch (this.#bug) {
      case "throws for a message that it does not have":
        if (message.type === "refused") throw new Error("There is no such message");
        break;
      case "keeps errors to itself":
        if (message.type === "error") return [];
        break;
      case "answers nothing though it says that it does":
        if (message.type === "invalid") return [];
        break;
      case "does not say that a subscription is live though it says that it does":
        if (message.type === "started") return [];
        break;
      case "cannot end an operation though it says that it does":
        if (message.type === "complete") return [];
        break;
      case "writes into messages":
        Object.assign(message, { seen: true });
        break;
      default:
    }
    return this.#right.encode(message).flatMap((bytes) => this.#spoil(bytes, message));
  }

  envelope(operationId: string): Envelope {
    const { head, tail } = this.#right.envelope(operationId);
    switch (this.#bug) {
      case "does not escape ids":
        return { head: encoder.encode(`{"id":"${operationId}","type":"next","payload":`), tail };
      case "leaves the id out of results":
        return { head: encoder.encode('{"type":"next","payload":'), tail };
      case "cuts envelopes from one buffer again and again":
        return { head: this.#reused(head), tail };
      default:
        return { head, tail };
    }
  }

  #refuse(message: Extract<ClientMessage, { type: "invalid" }>, text: string): ClientMessage {
    switch (this.#bug) {
      case "takes an unknown type for a ping":
        return text.includes("no such type") ? { type: "ping", payload: undefined } : message;
      case "says at length what is wrong":
        return { ...message, reason: `This cannot be understood: ${text}`.slice(0, 124) };
      case "repeats what a client wrote as it is":
        return { ...message, reason: /no such type|[\p{Cc}]/u.exec(text)?.[0] ?? message.reason };
      default:
        return message;
    }
  }

  #start(message: Extract<ClientMessage, { type: "subscribe" }>): ClientMessage {
    switch (this.#bug) {
      case "overlooks the operation's name":
        return { ...message, request: { ...message.request, operationName: undefined } };
      case "trims ids":
        return { ...message, id: message.id.trim() };
      default:
        return message;
    }
  }

  #spoil(bytes: Uint8Array, message: ServerMessage): readonly Uint8Array[] {
    switch (this.#bug) {
      case "writes a message in two halves":
        return [bytes.subarray(0, 8), bytes.subarray(8)];
      case "leaves the id out of errors":
        return message.type === "error" ? [encoder.encode('{"type":"error"}')] : [bytes];
      case "encodes into one buffer again and again":
        return [this.#reused(bytes)];
      case "numbers its messages":
        this.#written += 1;
        return [encoder.encode(`{"n":${this.#written},${Buffer.from(bytes).toString().slice(1)}`)];
      default:
        return [bytes];
    }
  }

  #reused(bytes: Uint8Array): Uint8Array {
    this.#buffer.set(bytes);
    return this.#buffer.subarray(0, bytes.length);
  }
}
