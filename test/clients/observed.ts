import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { TelemetryName } from "fanfare/contract";

/** What the server tells of itself by its telemetry. */
export class Observed implements Disposable {
  /** Subscriptions that became live, in all. */
  live: number = 0;
  /** Queries that were run for a session, in all: those that come as plain HTTP requests have none. */
  queries: number = 0;
  /** Why operations ended, in order. */
  readonly ends: string[] = [];
  /** Events that were executed for somebody. */
  executions: number = 0;
  readonly #listening = new DisposableStack();

  constructor() {
    this.#listen("operation.started", "kind", (kind) => {
      if (kind === "subscription") this.live += 1;
      if (kind === "query") this.queries += 1;
    });
    this.#listen("operation.ended", "why", (why) => this.ends.push(String(why)));
    this.#listen("event.executed", "event", () => (this.executions += 1));
  }

  [Symbol.dispose](): void {
    this.#listening.dispose();
  }

  #listen(name: TelemetryName, field: string, take: (value: unknown) => void): void {
    const listener = (message: unknown): void => take(isObject(message) ? message[field] : undefined);
    subscribe(`fanfare:${name}`, listener);
    this.#listening.defer(() => void unsubscribe(`fanfare:${name}`, listener));
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
