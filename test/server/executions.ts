import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { TelemetryEvents } from "fanfare/contract";

type Executed = TelemetryEvents["event.executed"];

/** Notes every execution of every server, one for each event and cohort, until it is disposed. */
export class Executions implements Disposable {
  readonly all: Executed[] = [];
  readonly #note = (message: unknown): void => void this.all.push(Object(message));

  constructor() {
    subscribe("fanfare:event.executed", this.#note);
  }

  /** Results that more than one client was given. */
  get shared(): readonly Executed[] {
    return this.all.filter(({ members, outcome }) => members > 1 && outcome === "delivered");
  }

  [Symbol.dispose](): void {
    unsubscribe("fanfare:event.executed", this.#note);
  }
}
