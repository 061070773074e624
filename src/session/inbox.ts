import type { Priority, Scheduler } from "../base/scheduler.ts";
import type { RequestBudget } from "./request-budget.ts";

/** The parts of a server that an inbox needs. */
export interface InboxHost {
  readonly engine: { readonly scheduler: Scheduler };
  readonly requests: RequestBudget;
}

/** Lengths of messages, from which they are read after shorter ones. */
const normalLength = 1_024;
const largeLength = 16_384;

/** The priority of reading a message of this length. */
export function priorityOf(length: number): Priority {
  if (length < normalLength) return "high";
  return length < largeLength ? "normal" : "low";
}

/** The session of an inbox. */
export interface InboxOwner {
  /** Reads a message whose turn has come. Never throws. */
  readLate(text: string): void;
  /** Called when no message waits any more. */
  emptied(): void;
}

/**
 * The messages of one session that wait for their turn, because other work has used up the time of this one. They are
 * read in order. While too much waits in all, nothing more does: then the client's kernel holds its messages back.
 */
export class Inbox {
  readonly #host: InboxHost;
  readonly #owner: InboxOwner;
  readonly #texts: string[] = [];

  /** @param time resolves when the first message may be read. */
  constructor(host: InboxHost, owner: InboxOwner, time: Promise<void>) {
    this.#host = host;
    this.#owner = owner;
    void this.#run(time);
  }

  add(text: string): void {
    if (this.#host.requests.mayWait(text.length)) return void this.#texts.push(text);
    while (this.#texts.length > 0) this.#readNext();
    this.#owner.readLate(text);
  }

  /** Drops what waits. */
  clear(): void {
    for (const { length } of this.#texts.splice(0)) this.#host.requests.called(length);
  }

  async #run(time: Promise<void>): Promise<void> {
    await time;
    while (this.#texts.length > 0) {
      this.#readNext();
      await this.#host.engine.scheduler.whenTime(priorityOf(this.#texts[0]?.length ?? 0));
    }
    this.#owner.emptied();
  }

  #readNext(): void {
    const text = this.#texts.shift();
    if (text === undefined) return;
    this.#host.requests.called(text.length);
    this.#owner.readLate(text);
  }
}
