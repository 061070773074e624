import type { Dialect } from "fanfare/contract";
import type { Session } from "../../src/session/session.ts";
import type { ServerMessage } from "../faults/bare-client.ts";
import type { DialectModel } from "../faults/models/dialect-model.ts";
import { InterleavingModel, type FieldName, type Told } from "./interleaving-model.ts";
import type { InterleavingStage } from "./interleaving-stage.ts";
import { RecordingSocket } from "./recording-socket.ts";

/** What a client does, and what is done to its connection. */
export type ClientStep =
  | {
      readonly what: "start";
      readonly id: string;
      readonly field: FieldName;
      readonly topic: string;
      readonly refused: boolean;
    }
  | { readonly what: "stop"; readonly id: string }
  | { readonly what: "init" | "refused init" | "block" | "read" | "vanish" | "leave" | "kick" };

/** A socket that tells what is done to it at once. */
class TellingSocket extends RecordingSocket {
  readonly #onMessages: (messages: readonly string[]) => void;
  readonly #onClose: (code: number) => void;

  constructor(onMessages: (messages: readonly string[]) => void, onClose: (code: number) => void) {
    super();
    this.#onMessages = onMessages;
    this.#onClose = onClose;
  }

  override write(parts: readonly Uint8Array[], count: number): void {
    super.write(parts, count);
    this.#onMessages(this.writes.at(-1) ?? []);
  }

  override close(code: number, reason: string): void {
    super.close(code, reason);
    this.#onClose(code);
  }
}

/** A client of one dialect, with the model of its connection beside it. */
export class InterleavingClient {
  readonly model: InterleavingModel;
  /** Ids whose `onUnsubscribe` was called. */
  readonly unsubscribed: string[] = [];
  /** How often `onDisconnect` was called. */
  disconnected = 0;
  readonly #dialect: DialectModel;
  readonly #stage: InterleavingStage;
  readonly #socket: TellingSocket;
  readonly #session: Session;
  readonly #index: number;
  readonly #live: string[] = [];
  #runs = 0;
  #gone = false;

  /** @param index its session's id; its runs are numbered from a thousand times that on. */
  constructor(stage: InterleavingStage, dialect: Dialect, model: DialectModel, index: number) {
    this.#stage = stage;
    this.#dialect = model;
    this.#index = index;
    this.model = new InterleavingModel(model);
    this.#socket = new TellingSocket(
      (messages) => {
        for (const message of messages) this.model.heard(this.#read(JSON.parse(message)));
      },
      (code) => {
        this.model.closing(code);
        void stage.gate("closed").then(() => this.#vanish(code));
      },
    );
    this.#session = stage.session(this.#socket, dialect, String(index));
  }

  /** What went wrong with it, and what is left of it. */
  get objections(): readonly string[] {
    const { disconnected, model } = this;
    const expected = model.accepted ? 1 : 0;
    const forgotten = this.#live.filter((id) => timesIn(this.unsubscribed, id) < timesIn(this.#live, id));
    return [
      ...model.objections,
      ...(disconnected === expected ? [] : [`${disconnected} times disconnected`]),
      ...forgotten.map((id) => `${id} was not unsubscribed`),
      ...(this.#session.operations === 0 ? [] : [`${this.#session.operations} operations are left`]),
    ];
  }

  async take(step: ClientStep): Promise<void> {
    if (this.#gone) return;
    const { words } = this.#dialect;
    switch (step.what) {
      case "init":
      case "refused init":
        if (!this.model.closed) this.model.init();
        return this.#send({ type: words.init, payload: { refused: step.what === "refused init" } });
      case "start":
        return this.#start(step);
      case "stop":
        if (!this.model.closed) this.model.stop(step.id);
        return this.#send({ type: words.stop, id: step.id });
      case "block":
        this.#socket.blocked = true;
        return;
      case "read":
        this.#socket.blocked = false;
        return this.#session.drained();
      case "leave":
        if (this.#dialect.name !== "graphql-ws") return;
        if (!this.model.closed) this.model.leave();
        return this.#send({ type: "connection_terminate" });
      case "kick":
        this.model.ends(4400);
        return this.#session.close(4400, "Kicked");
      case "vanish":
        this.model.gone();
        return this.#vanish(1001);
    }
  }

  /** The server says that one of its subscriptions is live. */
  live(operation: string): void {
    this.#live.push(operation);
    this.model.live(
      this.#dialect.name === "graphql-subscriptions" ? JSON.parse(operation) : operation,
      this.#stage.confirmed,
    );
  }

  #start({ id, field, topic, refused }: ClientStep & { readonly what: "start" }): void {
    const run = 1_000 * this.#index + this.#runs;
    this.#runs += 1;
    const isQuery = field === "hi" || field === "held";
    const query = isQuery ? `{ ${field} }` : `subscription { ${field}(topic: "${topic}") { n } }`;
    if (!this.model.closed) this.model.start({ run, id, field, topic, refused: refused && !isQuery });
    this.#send(this.#dialect.start(id, { query, extensions: { run, refused } }));
  }

  #send(message: object): void {
    this.#session.message(JSON.stringify(message));
  }

  #vanish(code: number): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#session.closed(code, "");
  }

  #read(message: ServerMessage): Told {
    const reply = this.#dialect.reply(message);
    if (message.type === "init_fail" || message.type === "connection_error") return { id: undefined, what: "refused" };
    if (!reply || reply.type === "pong" || reply.type === "misunderstood") {
      return { id: undefined, what: JSON.stringify(message) };
    }
    if (reply.type === "ack" || reply.type === "alive") return { id: undefined, what: reply.type };
    const id: unknown = JSON.parse(reply.id);
    return { id: String(id), what: reply.type === "result" ? short(message.payload) : reply.type };
  }
}

interface Result {
  readonly data?: Readonly<Record<string, { readonly n: number } | string>> | null;
  readonly errors?: readonly { readonly message: string }[];
}

/** A result's number, or its text, or its error. */
function short(payload: unknown): string {
  if (!isResult(payload)) return JSON.stringify(payload);
  const { data, errors } = payload;
  if (errors) return `failed ${errors[0]?.message}`;
  const [value] = Object.values(data ?? {});
  return typeof value === "string" ? value : String(value?.n);
}

function isResult(payload: unknown): payload is Result {
  return typeof payload === "object" && payload !== null && "data" in payload;
}

function timesIn(list: readonly string[], wanted: string): number {
  return list.filter((each) => each === wanted).length;
}
