import { isObject } from "../../base/json.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import type { ClientMessage, MessagePayload, ServerMessage } from "../../dialects/message.ts";
import { ContractStage } from "../contract-stage.ts";
import type { Runner } from "../runner.ts";
import { ArbitraryText } from "./arbitrary-text.ts";
import type { DialectContractOptions, ReadMessage } from "./options.ts";

type Invalid = Extract<ClientMessage, { readonly type: "invalid" }>;

/** An operation by its client's id (`given`), and by the id that the dialect has decoded. */
export interface NamedOperation {
  readonly given: string;
  readonly id: string;
}

/** Ids that are easily encoded wrongly, and ids of 64 bytes. */
const ids = [
  ...["1", "0", " ", "a b", "\u0000", "\n", "\u2028", '"', "\\", '\\"', "'", "{}", "null", "true", "</script>"],
  ...[
    "__proto__",
    "constructor",
    "ключ",
    "🏊",
    "\ud83c",
    "x".repeat(64),
    '"'.repeat(64),
    "\\".repeat(64),
    "é".repeat(32),
  ],
];

/** Texts that are messages in no protocol. */
const junk = [
  ...["", " ", "\u0000", "null", "true", "0", '"text"', "[]", "[{}]", "{", "}", "{}", "[".repeat(100_000), "\ufeff{}"],
  ...['{"type":null}', '{"type":{}}', '{"type":"no such type"}', `{"type":"${"€".repeat(1_000)}"}`],
  ...['{"type":"\\u0000\\u001b[31m\\u007f\\u009b"}', '{"id":"1","type":"no such type"}', '{"id":1,"payload":{}}'],
];

const payload: MessagePayload = {
  text: 'quotes " \\, \u2028, 🏊, \ud83c',
  list: [1.5, null, { deep: [true] }],
};
const errors = [
  { message: 'No "car" with \\ or \n or 🏊' },
  { message: "Forbidden", path: ["car", 0, "make"], locations: [{ line: 1, column: 2 }], extensions: payload },
];

/** The fixture of a case: a dialect, and messages of clients and servers. */
export class Stage extends ContractStage implements AsyncDisposable {
  readonly options: DialectContractOptions;
  readonly dialect: Dialect;
  #texts: readonly string[] | undefined;

  constructor(options: DialectContractOptions, runner: Runner) {
    super(runner, 0);
    this.options = options;
    this.dialect = options.create();
  }

  /** Valid texts of clients. */
  get samples(): readonly string[] {
    const subscribe = this.options.subscribe?.("1", "subscription { a }") ?? [];
    return (this.options.transcript ?? []).map(([text]) => text).concat(subscribe);
  }

  /** Texts that are messages in no protocol. */
  get junk(): readonly string[] {
    return junk;
  }

  /** Valid and malformed texts of clients. */
  get texts(): readonly string[] {
    this.#texts ??= [...junk, ...this.samples, ...new ArbitraryText(this.samples).texts(4_000)];
    return this.#texts;
  }

  /** Operations with many kinds of ids. */
  get operations(): readonly NamedOperation[] {
    return ids.map((given) => ({ given, id: this.#idOf(given) }));
  }

  /** The invalid messages that the dialect decodes from {@link texts}. */
  get refusals(): readonly Invalid[] {
    return this.texts.map((text) => this.dialect.decode(text)).filter((message) => message.type === "invalid");
  }

  /** A server's messages about an operation. */
  about(id: string): readonly ServerMessage[] {
    return [
      { type: "started", id },
      { type: "error", id, errors },
      { type: "complete", id },
    ];
  }

  /** A server's messages that are about no operation. */
  get announcements(): readonly ServerMessage[] {
    return [
      { type: "opened" },
      { type: "keepAlive" },
      ...[undefined, {}, payload].flatMap((each): readonly ServerMessage[] => [
        { type: "ack", payload: each },
        { type: "ping", payload: each },
        { type: "pong", payload: each },
      ]),
      ...["Forbidden", "", 'quotes " \\ \n 🏊'].map((reason): ServerMessage => ({ type: "refused", reason })),
      { type: "invalid", id: undefined, reason: 'Not a "message"' },
      ...this.refusals.slice(0, 200).map(({ id, reason }): ServerMessage => ({ type: "invalid", id, reason })),
    ];
  }

  /** All messages of a server. */
  get messages(): readonly ServerMessage[] {
    return [...this.announcements, ...this.operations.flatMap(({ id }) => this.about(id))];
  }

  /** Reads a message as a client does. Throws for anything but one whole message. */
  read(bytes: Uint8Array): ReadMessage {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return this.options.read ? this.options.read(text) : readJson(text);
  }

  /** The message with a result of an operation. */
  result(id: string, json: string): Uint8Array {
    const { head, tail } = this.dialect.envelope(id);
    return Buffer.concat([head, Buffer.from(json), tail]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A dialect holds no resources.
  }

  #idOf(given: string): string {
    const text = this.options.subscribe?.(given, "subscription { a }");
    if (text === undefined) return given;
    const message = this.dialect.decode(text);
    if (message.type === "subscribe") return message.id;
    throw new Error(`${text} was taken for ${JSON.stringify(message)}`);
  }
}

function readJson(text: string): ReadMessage {
  const message: unknown = JSON.parse(text);
  if (isObject(message)) return { id: message["id"], result: message["payload"] };
  throw new Error(`${text} is not a JSON object`);
}
