import type { Clock } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import { Lifetime } from "../../base/lifetime.ts";
import type { Broker, Event, Position, TopicName } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import { telemetry } from "../../contract/telemetry.ts";
import type { Listener } from "./listener.ts";
import { TopicEntry } from "./topic-entry.ts";

/** Options of {@link Hub}. */
export interface HubOptions {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds for which a topic stays subscribed after its last listener left. 0: not at all. */
  readonly linger: number;
  /** Back-pressure: returns a promise to await before more of a history is read, or undefined to read it at once. */
  readonly whenReady: () => Promise<void> | undefined;
  /** Runs a function in the server's own async context. */
  readonly inContext: (deliver: () => void) => void;
}

/**
 * The topics of this process and their listeners. The hub subscribes to a topic at the broker when its first listener
 * comes, and unsubscribes `linger` milliseconds after the last one left.
 */
export class Hub implements AsyncDisposable {
  readonly #options: HubOptions;
  readonly #topics = new Map<TopicName, TopicEntry>();
  readonly #lifetime = new Lifetime();
  #opened: Promise<void> | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  get topics(): number {
    return this.#topics.size;
  }

  /**
   * Adds a listener to topics. It may hear events from now on, and hears every event that is published after this
   * resolved. Resolves with a position for each topic: the listener hears the events after it, and none up to it.
   *
   * @throws FanfareError BROKER_UNAVAILABLE, after which the listener hears nothing; CLOSED after disposal.
   */
  async listen(topics: readonly TopicName[], listener: Listener): Promise<readonly Position[]> {
    if (this.#lifetime.ended) throw new FanfareError("CLOSED", "The server is closed");
    const entries = topics.map((topic) => this.#entry(topic));
    for (const entry of entries) entry.listeners.add(listener.interest, listener);
    const joined = entries.map((entry) => entry.position);
    try {
      await this.#open();
      // A listener that has left meanwhile does not subscribe: the subscription would leak.
      const live = entries.map(async (entry) => (entry.listeners.has(listener) ? entry.live() : ""));
      return (await Promise.all(live)).map((position, index) => joined[index] ?? position);
    } catch (error) {
      this.leave(topics, listener);
      if (error instanceof FanfareError) throw error;
      throw new FanfareError("BROKER_UNAVAILABLE", "The broker could not subscribe", {
        cause: error,
      });
    }
  }

  /** Adds a listener to topics that are live already, because another listener has them. */
  listenBeside(topics: readonly TopicName[], listener: Listener): void {
    for (const topic of topics) this.#topics.get(topic)?.listeners.add(listener.interest, listener);
  }

  leave(topics: readonly TopicName[], listener: Listener): void {
    for (const topic of topics) {
      const entry = this.#topics.get(topic);
      if (!entry) continue;
      entry.listeners.delete(listener.interest, listener);
      if (entry.listeners.size === 0) entry.abandon(this.#options.linger);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const entry of this.#topics.values()) entry[Symbol.dispose]();
    this.#topics.clear();
    return this.#lifetime[Symbol.asyncDispose]();
  }

  #entry(topic: TopicName): TopicEntry {
    const known = this.#topics.get(topic);
    if (known) return known;
    const { broker, clock, log, whenReady } = this.#options;
    const entry = new TopicEntry({
      topic,
      broker,
      clock,
      log,
      whenReady,
      gone: () => this.#topics.delete(topic),
    });
    this.#topics.set(topic, entry);
    return entry;
  }

  /** Opens the broker, lazily and once (single-flight): a server without subscriptions holds no connection to it. */
  #open(): Promise<void> {
    this.#opened ??= this.#options.broker
      .open(
        {
          events: (topic, after, batch) => this.#options.inContext(() => this.#events(topic, after, batch)),
          lost: (topics, why) => this.#options.inContext(() => this.#lost(topics, why)),
          link: (up) => this.#options.inContext(() => this.#link(up)),
        },
        this.#lifetime.signal,
      )
      .catch((error: unknown) => {
        this.#opened = undefined;
        throw error;
      });
    return this.#opened;
  }

  #events(topic: TopicName, after: Position, batch: readonly Event[]): void {
    this.#topics.get(topic)?.events(after, batch);
  }

  #lost(topics: readonly TopicName[] | "all", why: string): void {
    if (telemetry["broker.lost"].hasSubscribers) telemetry["broker.lost"].publish({ topics, why });
    this.#options.log.warn("The broker may have lost events; reading them from its history", {
      topics,
      why,
    });
    for (const entry of topics === "all" ? this.#topics.values() : this.#known(topics)) entry.doubt();
  }

  #link(up: boolean): void {
    if (telemetry["broker.link"].hasSubscribers) telemetry["broker.link"].publish({ up });
    if (up) for (const entry of this.#topics.values()) entry.doubt();
    else this.#options.log.warn("The link to the broker is down", {});
  }

  #known(topics: readonly TopicName[]): TopicEntry[] {
    return topics.flatMap((topic) => this.#topics.get(topic) ?? []);
  }
}
