import type { Scheduler } from "../base/scheduler.ts";
import type { Socket } from "../contract/socket.ts";
import { readingPriority } from "../operation/reading-priority.ts";
import type { RequestBudget } from "./request-budget.ts";

/** The parts of a server that an inbox needs. */
export interface InboxHost {
  readonly engine: { readonly scheduler: Scheduler };
  readonly requests: RequestBudget;
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
 * They are handled in order. Meanwhile the client's connection is not read (back-pressure), so that little more comes. Of
 * connections that cannot be paused, too much in all does not wait, but is handled at once.
 */
export class Inbox {
  readonly #host: InboxHost;
  readonly #socket: Socket;
  readonly #onEmpty: () => void;
  readonly #waiting: Waiting[] = [];

  /**
   * @param time resolves when the first message may be read.
   * @param onEmpty is called when nothing waits any more.
   */
  constructor(host: InboxHost, socket: Socket, time: Promise<void>, onEmpty: () => void) {
    this.#host = host;
    this.#socket = socket;
    this.#onEmpty = onEmpty;
    if (this.#pauses) socket.pause?.();
    void this.#run(time);
  }

  /** @param handle must not throw. */
  add(textLength: number, handle: () => void): void {
    const length = textLength + entryLength;
    if (this.#pauses || this.#host.requests.mayWait(length)) return void this.#waiting.push({ length, handle });
    while (this.#waiting.length > 0) this.#handleNext();
    handle();
  }

  /** Drops what waits. */
  clear(): void {
    for (const { length } of this.#waiting.splice(0)) this.#gone(length);
    this.#socket.resume?.();
  }

  get #pauses(): boolean {
    // One that could not go on again must not be paused.
    return this.#socket.pause !== undefined && this.#socket.resume !== undefined;
  }

  async #run(time: Promise<void>): Promise<void> {
    await time;
    this.#handleNext();
    for (let [next] = this.#waiting; next; [next] = this.#waiting) {
      await this.#host.engine.scheduler.whenTime(readingPriority(next.length));
      this.#handleNext();
    }
    this.#onEmpty();
    this.#socket.resume?.();
  }

  #handleNext(): void {
    const next = this.#waiting.shift();
    if (!next) return;
    this.#gone(next.length);
    next.handle();
  }

  #gone(length: number): void {
    if (!this.#pauses) this.#host.requests.called(length);
  }
}
