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
  /** Called when nothing waits any more. */
  emptied(): void;
}

/** What an entry takes beside its text, as a length. */
const entryLength = 64;

/** A message or ping that waits. */
interface Waiting {
  readonly length: number;
  /** Handles it. Never throws. */
  readonly handle: () => void;
}

/**
 * The messages and pings of one session that wait for their turn, because other work has used up the time of this one.
 * They are handled in order. While too much waits in all, nothing more does: then the client's kernel holds its messages
 * back.
 */
export class Inbox {
  readonly #host: InboxHost;
  readonly #owner: InboxOwner;
  readonly #waiting: Waiting[] = [];

  /** @param time resolves when the first message may be read. */
  constructor(host: InboxHost, owner: InboxOwner, time: Promise<void>) {
    this.#host = host;
    this.#owner = owner;
    void this.#run(time);
  }

  /** @param handle must not throw. */
  add(textLength: number, handle: () => void): void {
    const length = textLength + entryLength;
    if (this.#host.requests.mayWait(length)) return void this.#waiting.push({ length, handle });
    while (this.#waiting.length > 0) this.#handleNext();
    handle();
  }

  /** Drops what waits. */
  clear(): void {
    for (const { length } of this.#waiting.splice(0)) this.#host.requests.called(length);
  }

  async #run(time: Promise<void>): Promise<void> {
    await time;
    while (this.#waiting.length > 0) {
      this.#handleNext();
      await this.#host.engine.scheduler.whenTime(priorityOf(this.#waiting[0]?.length ?? 0));
    }
    this.#owner.emptied();
  }

  #handleNext(): void {
    const next = this.#waiting.shift();
    if (!next) return;
    this.#host.requests.called(next.length);
    next.handle();
  }
}
