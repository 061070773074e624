import { subscribe } from "node:diagnostics_channel";
import type { Log } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import type { Broker, TelemetryName } from "fanfare/contract";

/** What a server has told by its telemetry, its broker and its log, counted. */
export interface Observed {
  /** Sessions that are open. */
  readonly sessions: number;
  /** Operations that run. */
  readonly operations: number;
  /** Topics that are subscribed at the broker. */
  readonly topics: number;
  readonly ended: number;
  readonly overflows: number;
  /** How often sessions ended with each code. */
  readonly codes: Readonly<Record<string, number>>;
  /** Errors in the log. */
  readonly errors: readonly string[];
  /** What nobody caught. */
  readonly uncaught: readonly string[];
}

/** Watches everything that happens in this process from now on. */
export class Observer {
  readonly log: Log = {
    warn: () => undefined,
    error: (message, { error }) => void this.#errors.push(`${message}: ${String(error)}`),
  };
  readonly broker: Broker;
  readonly #sessions = new Set<string>();
  readonly #operations = new Set<string>();
  readonly #topics = new Set<string>();
  readonly #codes: Record<string, number> = {};
  readonly #errors: string[] = [];
  readonly #uncaught: string[] = [];
  #ended = 0;
  #overflows = 0;

  constructor() {
    this.broker = this.#watched(memoryBroker({ history: { events: 1 } }));
    listen("session.opened", ({ session }) => this.#sessions.add(session));
    listen("session.closed", ({ session, code }) => {
      this.#sessions.delete(session);
      this.#codes[code] = (this.#codes[code] ?? 0) + 1;
    });
    listen("operation.started", ({ session, operation }) => this.#operations.add(`${session} ${operation}`));
    listen("operation.ended", ({ session, operation }) => {
      this.#operations.delete(`${session} ${operation}`);
      this.#ended += 1;
    });
    listen("queue.overflow", () => (this.#overflows += 1));
    process.on("unhandledRejection", (reason) => this.#uncaught.push(String(reason)));
  }

  observed(): Observed {
    return {
      sessions: this.#sessions.size,
      operations: this.#operations.size,
      topics: this.#topics.size,
      ended: this.#ended,
      overflows: this.#overflows,
      codes: this.#codes,
      errors: this.#errors,
      uncaught: this.#uncaught,
    };
  }

  /** The broker itself, with its subscriptions counted. */
  #watched(broker: Broker): Broker {
    const topics = this.#topics;
    return {
      supports: broker.supports,
      open: (sink, signal) => broker.open(sink, signal),
      subscribe(names) {
        for (const name of names) topics.add(name);
        return broker.subscribe(names);
      },
      unsubscribe(names) {
        for (const name of names) topics.delete(name);
        return broker.unsubscribe(names);
      },
      publish: (events) => broker.publish(events),
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  }
}

type Fields = Readonly<Record<"session" | "operation" | "code", string>>;

function listen(name: TelemetryName, take: (fields: Fields) => void): void {
  subscribe(`fanfare:${name}`, (message) => take({ ...nothing, ...strings(message) }));
}

const nothing: Fields = { session: "", operation: "", code: "" };

function strings(message: unknown): Readonly<Record<string, string>> {
  if (typeof message !== "object" || message === null) return {};
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, String(value)]));
}
