import type { Broker, Event, GapReason, Position, TopicName } from "../../contract/broker.ts";
import { pause } from "../wait.ts";

interface Batch {
  readonly after: Position;
  readonly events: readonly Event[];
}

/** What was found out about a broker by listening to it. */
export interface Findings {
  /** Every event, in the order in which a hub would hand it on. */
  readonly heard: Event[];
  /** What a broker must never do, in words. */
  readonly faults: string[];
  readonly gaps: GapReason[];
  /** How often something had to be read from history. */
  repairs: number;
}

/**
 * One topic that is listened to, as a hub does it: holds the position, and where a batch does not follow it, or
 * something may have been lost, reads what is missing from history before it hands on anything later.
 */
export class Listening {
  readonly #topic: TopicName;
  readonly #broker: Broker;
  readonly #findings: Findings;
  readonly #waiting: Batch[] = [];
  readonly #delivered = new Set<Position>();
  /** Undefined when any batch may come next. */
  #position: Position | undefined;
  #doubted = false;
  #busy = true;

  constructor(topic: TopicName, broker: Broker, findings: Findings) {
    this.#topic = topic;
    this.#broker = broker;
    this.#findings = findings;
  }

  /** The subscription was confirmed. */
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

  /** Something may be missing after the position. */
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

  /** The part of a batch that follows the position; undefined when something is missing between them. */
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

  /** Reads history up to its end. A link that is down may make it fail for a while. */
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

  /** Whether there is more to read. */
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

  /** After a repair nothing can be missing; if it is, the broker's word about the order is wrong. */
  #skipHole(): void {
    const batch = this.#waiting[0];
    if (!batch || this.#notYetHeard(batch)) return;
    this.#findings.faults.push(`${this.#topic}: a batch says that it comes after ${batch.after}`);
    this.#position = batch.after;
  }
}
