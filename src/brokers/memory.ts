import { systemClock, type Clock } from "../base/clock.ts";
import { quoted } from "../base/quoted.ts";
import { FanfareError } from "../base/error.ts";
import { checkOptions } from "../base/option-check.ts";
import { anything, optionsOf, type RulesOf } from "../base/rule.ts";
import type {
  Broker,
  BrokerSink,
  Event,
  Fence,
  NewEvent,
  Position,
  Receipt,
  Replay,
  TopicName,
} from "../contract/broker.ts";
import { aClock } from "../contract/part-rules.ts";
import { closedError, Handover } from "./handover.ts";
import { Fences, History, type HistoryBounds } from "./memory/history.ts";
import { hashOf } from "./memory/ring.ts";

/** Options of {@link memoryBroker}. */
export interface MemoryBrokerOptions {
  /**
   * The bounds of the history that can be replayed. Events over a bound are dropped, oldest first; a replay from before
   * them is told the gap `expired`. There is no bound in bytes: payloads are live objects, whose size is known only by
   * encoding each of them.
   */
  readonly history?: {
    /** The number of events kept per topic: 1 to 16,777,216. Default 10,000. */
    readonly events?: number;
    /**
     * The number of events kept for all topics together: 1 or more. Default 250,000; Infinity: no bound. At the limit,
     * the oldest event of the least recently published topic is dropped.
     */
    readonly total?: number;
    /** How long an event is kept, in milliseconds: more than 0. Default 300,000 (5 minutes); Infinity: no bound. */
    readonly milliseconds?: number;
  };
  /**
   * The number of idle topics, to which no cohort listens, that are kept: 1 or more. Default 100,000; Infinity: no
   * bound. At the limit, the least recently used idle topic is dropped with its history (LRU); its old positions are
   * then told as `expired`. Topics with listeners are neither counted nor dropped.
   */
  readonly topics?: number;
  /**
   * The length of the names of all idle topics together, in UTF-16 code units, since names may hold what clients have
   * sent: 1 or more. Default 8,388,608; Infinity: no bound. At the limit, as with `topics`; the topic that was used last is kept.
   */
  readonly topicCharacters?: number;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

/**
 * Creates a broker for a single process: an event reaches its listeners within the call of `publish`. History does not
 * survive the process: positions from before a restart are told the gap `broker_lost`. Payloads are kept by reference
 * and must not be changed after they were published.
 *
 * @throws FanfareError BAD_OPTION for a bound outside its range.
 */
export function memoryBroker(options: MemoryBrokerOptions = {}): Broker {
  checkOptions("memoryBroker", options, rules);
  const { history = {}, clock = systemClock } = options;
  const bounds: HistoryBounds = {
    events: whole("history.events", history.events, 10_000, 2 ** 24),
    total: whole("history.total", history.total, 250_000, Infinity),
    milliseconds: positive("history.milliseconds", history.milliseconds, 300_000),
    topics: whole("topics", options.topics, 100_000, Infinity),
    topicCharacters: whole("topicCharacters", options.topicCharacters, 8_388_608, Infinity),
  };
  return new MemoryBroker(bounds, clock);
}

/** The bounds have rules of their own: these are their names. */
const rules: RulesOf<MemoryBrokerOptions> = {
  history: optionsOf({ events: anything, total: anything, milliseconds: anything }),
  topics: anything,
  topicCharacters: anything,
  clock: aClock,
};

class MemoryBroker implements Broker {
  readonly supports = { history: true, acrossProcesses: false, durable: false };
  readonly #clock: Clock;
  readonly #history: History;
  readonly #handover = new Handover();
  readonly #fences = new Fences();

  constructor(bounds: HistoryBounds, clock: Clock) {
    this.#clock = clock;
    this.#history = new History(bounds, clock);
  }

  async open(sink: BrokerSink, signal: AbortSignal): Promise<void> {
    this.#handover.open(sink, signal);
  }

  async subscribe(topics: readonly TopicName[]): Promise<readonly Position[]> {
    this.#assertOpen();
    return topics.map((topic) => this.#history.listen(topic).position);
  }

  async unsubscribe(topics: readonly TopicName[]): Promise<void> {
    for (const topic of topics) {
      this.#history.ignore(topic);
      this.#handover.forget(topic);
    }
  }

  /** Not an async function, so that a publish allocates one promise only. */
  publish(events: readonly NewEvent[], fence?: Fence): Promise<readonly Receipt[]> {
    const refusal = fence && this.#fences.refusal(fence);
    if (refusal) return Promise.resolve(events.map(() => ({ notStored: refusal })));
    const now = this.#clock.now();
    const receipts: Receipt[] = [];
    for (let next = events[0]; next; next = events[receipts.length]) {
      if (this.#handover.closed) receipts.push({ notStored: closedError() });
      else this.#publishRun(next.topic, events, receipts, now);
    }
    return Promise.resolve(receipts);
  }

  async since(topic: TopicName, after: Position, limit: number): Promise<Replay> {
    this.#assertOpen();
    const log = this.#history.log(topic);
    this.#history.expire(log, this.#clock.now());
    return log.since(after, limit);
  }

  async last(topic: TopicName): Promise<{ readonly position: Position; readonly id: string } | undefined> {
    this.#assertOpen();
    return this.#history.find(topic)?.last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#handover.close();
    this.#history[Symbol.dispose]();
  }

  /**
   * Stores a run of events of one topic, from `receipts.length` on, and hands it over as one batch before the next run
   * is stored: an event that a listener publishes meanwhile comes between the two runs.
   */
  #publishRun(topic: TopicName, events: readonly NewEvent[], receipts: Receipt[], now: number): void {
    const log = this.#history.log(topic);
    this.#history.expire(log, now);
    const after = log.position;
    const batch: Event[] = [];
    for (let next = events[receipts.length]; next?.topic === topic; next = events[receipts.length]) {
      const hash = hashOf(next.id);
      let event = log.find(next.id, hash);
      if (!event) {
        event = this.#history.append(log, next, hash, now);
        batch.push(event);
      }
      receipts.push({ stored: event.position });
    }
    if (log.live && batch.length > 0) this.#handover.events(log.topic, after, batch);
  }

  #assertOpen(): void {
    if (this.#handover.closed) throw closedError();
  }
}

function whole(name: string, value: number | undefined, fallback: number, most: number): number {
  if (value === undefined) return fallback;
  const allowed = value === Infinity ? most === Infinity : Number.isInteger(value);
  if (allowed && value >= 1 && value <= most) return value;
  throw badOption(
    name,
    value,
    most === Infinity ? "a whole number from 1 on, or Infinity" : `a whole number from 1 to ${most}`,
  );
}

function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0) return value;
  throw badOption(name, value, "more than 0, or Infinity");
}

function badOption(name: string, value: unknown, allowed: string): FanfareError {
  return new FanfareError("BAD_OPTION", `memoryBroker: ${name} must be ${allowed}, not ${quoted(value)}`);
}
