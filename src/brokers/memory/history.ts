import { BoundedMap } from "../../base/bounded-map.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import type { Event, Fence, NewEvent, TopicName } from "../../contract/broker.ts";
import { TopicLog } from "./log.ts";
import { Recency } from "./recency.ts";

export interface HistoryBounds {
  /** The number of events kept per topic. */
  readonly events: number;
  /** The number of events kept for all topics together. */
  readonly total: number;
  readonly milliseconds: number;
  /** The number of idle topics kept, to which no cohort listens. */
  readonly topics: number;
  /** The length of their names together. */
  readonly topicCharacters: number;
}

/** The logs of all topics, bounded by count, age, total, and number of idle topics. */
export class History implements Disposable {
  readonly #bounds: HistoryBounds;
  readonly #clock: Clock;
  /** Random per process, so that a position from before a restart is recognised. */
  readonly #start = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
  #lives = 0;
  readonly #logs = new Map<TopicName, TopicLog>();
  /** Logs without listeners, by their last use. */
  readonly #idle = new Recency<TopicLog>();
  #idleCharacters = 0;
  /** Logs that hold events, by the time of their last event. */
  readonly #filled = new Recency<TopicLog>();
  #size = 0;
  #sweep: Timer | undefined;

  constructor(bounds: HistoryBounds, clock: Clock) {
    this.#bounds = bounds;
    this.#clock = clock;
  }

  /** The topic's log. A topic that is new, or was dropped, gets a log of a new epoch. */
  log(topic: TopicName): TopicLog {
    const log = this.#logs.get(topic) ?? this.#begin(topic);
    if (!log.live) this.#touchIdle(log);
    return log;
  }

  find(topic: TopicName): TopicLog | undefined {
    return this.#logs.get(topic);
  }

  /** Marks the topic as listened to, which keeps its log from being dropped. */
  listen(topic: TopicName): TopicLog {
    const log = this.#logs.get(topic) ?? this.#begin(topic);
    this.#removeIdle(log);
    log.live = true;
    return log;
  }

  ignore(topic: TopicName): void {
    const log = this.#logs.get(topic);
    if (!log?.live) return;
    log.live = false;
    this.#touchIdle(log);
  }

  append(log: TopicLog, event: NewEvent, hash: number, now: number): Event {
    const stored = log.append(event, hash, now);
    this.#size += 1;
    this.#filled.touch(log.filled);
    this.expire(log, now);
    if (this.#size > this.#bounds.total) this.#dropOldest();
    this.#sweep ??= this.#startSweep();
    return stored;
  }

  /** Drops the log's events beyond the bounds of count and age. */
  expire(log: TopicLog, now: number): void {
    this.#trim(log, this.#bounds.events, now - this.#bounds.milliseconds);
  }

  [Symbol.dispose](): void {
    this.#sweep?.[Symbol.dispose]();
    this.#sweep = undefined;
    this.#logs.clear();
    this.#idle.clear();
    this.#idleCharacters = 0;
    this.#filled.clear();
    this.#size = 0;
  }

  #begin(topic: TopicName): TopicLog {
    this.#lives += 1;
    const log = new TopicLog(topic, `${this.#start}-${this.#lives.toString(36)}`);
    this.#logs.set(topic, log);
    return log;
  }

  #touchIdle(log: TopicLog): void {
    if (!log.idle.linked) this.#idleCharacters += log.topic.length;
    this.#idle.touch(log.idle);
    for (let { oldest } = this.#idle; oldest && this.#hasTooManyIdle; { oldest } = this.#idle) {
      this.#removeIdle(oldest);
      this.#logs.delete(oldest.topic);
      this.#trim(oldest, 0, 0);
    }
  }

  get #hasTooManyIdle(): boolean {
    const { topics, topicCharacters } = this.#bounds;
    return this.#idle.size > topics || (this.#idleCharacters > topicCharacters && this.#idle.size > 1);
  }

  #removeIdle(log: TopicLog): void {
    if (!log.idle.linked) return;
    this.#idleCharacters -= log.topic.length;
    this.#idle.remove(log.idle);
  }

  /** Drops the oldest event of the least recently published topic. */
  #dropOldest(): void {
    const { oldest } = this.#filled;
    if (oldest) this.#trim(oldest, oldest.size - 1, 0);
  }

  #trim(log: TopicLog, keep: number, time: number): void {
    this.#size -= log.trim(keep, time);
    if (log.size === 0) this.#filled.remove(log.filled);
  }

  /** Starts the sweep of old events. It runs only while there are events that can expire. */
  #startSweep(): Timer | undefined {
    const { milliseconds } = this.#bounds;
    if (milliseconds === Infinity) return undefined;
    return this.#clock.every(Math.max(1, milliseconds / 4), () => this.#sweepOnce());
  }

  #sweepOnce(): void {
    for (let log = this.#filled.oldest; log; log = this.#filled.oldest) {
      this.expire(log, this.#clock.now());
      if (log.size > 0) return;
    }
    this.#sweep?.[Symbol.dispose]();
    this.#sweep = undefined;
  }
}

/** The number of scopes that are kept; there is one per source. */
const remembered = 1000;

/** The highest fencing token of each scope. */
export class Fences {
  readonly #tokens = new BoundedMap<string, number>(remembered);

  /** The error for a fence with a lower token than the scope's highest; undefined if the fence is current. */
  refusal({ scope, token }: Fence): FanfareError | undefined {
    const highest = this.#tokens.get(scope) ?? token;
    if (token < highest) return new FanfareError("LEAD_LOST", `${scope} has another leader by now`);
    this.#tokens.set(scope, token);
    return undefined;
  }
}
