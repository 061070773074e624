import { FanfareError } from "../base/error.ts";
import type { BrokerSink, Event, Position, TopicName } from "../contract/broker.ts";

interface Batch {
  readonly topic: TopicName;
  readonly after: Position;
  readonly events: readonly Event[];
}

/**
 * Hands this process's events to the sink, one batch at a time. A publish is re-entrant: a batch that is published from
 * inside the sink waits until the sink has returned, within the same turn. Otherwise a listener could get an event
 * before the one that caused it.
 */
export class Handover {
  #sink: BrokerSink | undefined;
  #signal: AbortSignal | undefined;
  #opened = false;
  #closed = false;
  #busy = false;
  /** Batches that were published from inside the present call of the sink. */
  #waiting: Batch[] = [];
  readonly #stop = (): void => this.#leave();

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws FanfareError CLOSED after the end; BAD_OPTION when the broker was opened before. */
  open(sink: BrokerSink, signal: AbortSignal): void {
    if (this.#closed || signal.aborted) throw closedError();
    if (this.#opened) {
      throw new FanfareError("BAD_OPTION", "This broker was opened already; give each server its own");
    }
    this.#opened = true;
    this.#sink = sink;
    this.#signal = signal;
    signal.addEventListener("abort", this.#stop);
  }

  events(topic: TopicName, after: Position, events: readonly Event[]): void {
    if (!this.#sink) return;
    if (this.#busy) {
      this.#waiting.push({ topic, after, events });
      return;
    }
    this.#busy = true;
    try {
      this.#sink.events(topic, after, events);
      if (this.#waiting.length > 0) this.#drain();
    } finally {
      this.#busy = false;
    }
  }

  /** Drops the waiting batches of a topic that was unsubscribed. */
  forget(topic: TopicName): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((batch) => batch.topic !== topic);
  }

  close(): void {
    this.#closed = true;
    this.#leave();
  }

  #leave(): void {
    this.#sink = undefined;
    this.#waiting = [];
    this.#signal?.removeEventListener("abort", this.#stop);
    this.#signal = undefined;
  }

  #drain(): void {
    for (let batch = this.#waiting.shift(); batch; batch = this.#waiting.shift()) {
      this.#sink?.events(batch.topic, batch.after, batch.events);
    }
  }
}

export function closedError(): FanfareError {
  return new FanfareError("CLOSED", "The broker is closed");
}
