import type { Broker, Event, GapReason, Position, TopicName } from "../../contract/broker.ts";
import { pause } from "../wait.ts";

interface Batch {
  readonly after: Position;
  readonly events: readonly Event[];
}

/** The observations of a broker's sink. */
export interface Findings {
  /** The events, in the order in which a hub would deliver them. */
  readonly heard: Event[];
  /** Violations of the contract, in words. */
  readonly faults: string[];
  readonly gaps: GapReason[];
  /** How often events had to be read from history. */
  repairs: number;
}

/**
 * A subscribed topic, handled as a hub handles it: it holds the position. If a batch does not follow that, or events
 * may have been lost, it reads the missing events from history before it delivers any later one.
 */
export class Listening {
  readonly #topic: TopicName;
  readonly #broker: Broker;
  readonly #findings: Findings;
  readonly #waiting: Batch[] = [];
  readonly #delivered = new Set<Position>();
  /** The position of the last event; undefined if the next batch may have any position. */
  #position: Position | undefined;
  #doubted = false;
  #busy = true;

  constructor(topic: TopicName, broker: Broker, findings: Findings) {
    this.#topic = topic;
    this.#broker = broker;
    this.#findings = findings;
  }

  /** Notes that the broker has confirmed the subscription. */
  confirm(position: Position | undefined): void {
    this.#position = position;
    this.#busy = false;
    this.#handOn();
  }

  batch(after: Position, events: readonly Event[]): void {
    for (const { position } of events) {
      if (this.#delivered.has(position)) this.#findings.faults.push(`${position} came twice`);
      this.#delivered.add(position);
    }
    this.#waiting.push({ after, events });
    this.#handOn();
  }

  /** Notes that events may be missing after the position. */
  doubt(): void {
    this.#doubted = true;
    this.#handOn();
  }

  #handOn(): void {
    if (this.#busy) return;
    if (this.#doubted) {
      void this.#repair();
      return;
    }
    for (let batch = this.#waiting[0]; batch; batch = this.#waiting[0]) {
      const rest = this.#notYetHeard(batch);
      if (!rest) {
        void this.#repair();
        return;
      }
      this.#waiting.shift();
      this.#hear(rest);
    }
  }

  /** The part of a batch after the position; undefined if events are missing between them. */
  #notYetHeard({ after, events }: Batch): readonly Event[] | undefined {
    if (this.#position === undefined || after === this.#position) return events;
    const held = events.findIndex((event) => event.position === this.#position);
    if (held >= 0) return events.slice(held + 1);
    const known = new Set(this.#findings.heard.map((event) => event.position));
    return events.every((event) => known.has(event.position)) ? [] : undefined;
  }

  #hear(events: readonly Event[]): void {
    this.#findings.heard.push(...events);
    this.#position = events.at(-1)?.position ?? this.#position;
  }

  async #repair(): Promise<void> {
    this.#busy = true;
    this.#findings.repairs += 1;
    if (this.#broker.since) await this.#readOn();
    else if (this.#doubted) this.#position = undefined;
    this.#doubted = false;
    this.#skipHole();
    this.#busy = false;
    this.#handOn();
  }

  /** Reads history up to its end, and retries, since reading may fail while the link is down. */
  async #readOn(): Promise<void> {
    for (let failures = 0; failures < 200;) {
      try {
        if (!(await this.#readPage())) return;
      } catch {
        failures += 1;
        await pause(20);
      }
    }
    this.#findings.faults.push(`the history of ${this.#topic} cannot be read`);
  }

  /** Reads a page of history; true if there is more. */
  async #readPage(): Promise<boolean> {
    const replay = await this.#broker.since?.(this.#topic, this.#position ?? "", 100);
    if (!replay) return false;
    if (!("gone" in replay)) {
      this.#hear(replay.events);
      return replay.more;
    }
    this.#findings.gaps.push(replay.gone);
    const isNew = this.#position !== replay.low;
    this.#position = replay.low;
    return isNew;
  }

  /** Skips a hole that is left after a repair, and notes it as a fault: the broker's `after` is wrong. */
  #skipHole(): void {
    const batch = this.#waiting[0];
    if (!batch || this.#notYetHeard(batch)) return;
    this.#findings.faults.push(`${this.#topic}: a batch says that it comes after ${batch.after}`);
    this.#position = batch.after;
  }
}
