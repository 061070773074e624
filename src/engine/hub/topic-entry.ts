import { valueKind } from "../../base/value-kind.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Broker, Event, GapReason, Position, Replay, TopicName } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import type { Listener } from "./listener.ts";
import { MatchIndex } from "./match-index.ts";

/** Options of {@link TopicEntry}. */
export interface TopicEntryOptions {
  readonly topic: TopicName;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  /** Back-pressure: returns a promise to await before more of the history is read, or undefined to read it at once. */
  readonly whenReady: () => Promise<void> | undefined;
  /** Called when the topic is no longer subscribed. */
  readonly gone: () => void;
}

interface Batch {
  readonly after: Position;
  readonly events: readonly Event[];
}

// Live batches that wait while history is read. Further ones are dropped: the history holds their events as well.
const maxWaiting = 1_024;
const replayLimit = 1_000;

/** A topic in the hub: its listeners, and the position up to which they have heard every event. */
export class TopicEntry implements Disposable {
  readonly listeners: MatchIndex<Listener>;
  readonly #options: TopicEntryOptions;
  /** The subscription at the broker; undefined without one. */
  #live: Promise<Position> | undefined;
  /** Resolves when the broker has unsubscribed; undefined unless that is under way. */
  #leaving: Promise<void> | undefined;
  #position: Position | undefined;
  /** Whether no event has come since a gap: the next one is handed on without a check of continuity. */
  #adrift = false;
  #toldUnmatched = false;
  #linger: Timer | undefined;
  /** Live batches that wait while missing events are read from history; undefined when none are missing. */
  #waiting: Batch[] | undefined;
  /** Whether the broker reported a loss while history was read: the read may not include the lost events. */
  #doubted = false;
  #closed = false;

  constructor(options: TopicEntryOptions) {
    this.#options = options;
    const { log, topic } = options;
    this.listeners = new MatchIndex((error) =>
      log.error("A `facets` failed; its event met no `match`", { topic, error }),
    );
  }

  /** The position up to which every event has been handed on; undefined before the topic is live. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** Resolves with the position at which the broker confirmed the subscription. Single-flight: callers share it. */
  live(): Promise<Position> {
    this.#linger?.[Symbol.dispose]();
    this.#linger = undefined;
    this.#live ??= this.#subscribe().catch((error: unknown) => {
      this.#live = undefined;
      this.#forget();
      throw error;
    });
    return this.#live;
  }

  /** Unsubscribes after `linger` milliseconds, unless a listener comes before. */
  abandon(linger: number): void {
    this.#linger?.[Symbol.dispose]();
    if (linger > 0) this.#linger = this.#options.clock.after(linger, () => this.#unsubscribe());
    else this.#unsubscribe();
  }

  /** Hands events on if they follow on the position; otherwise the missing events are read from history first. */
  events(after: Position, events: readonly Event[]): void {
    if (this.#waiting) {
      if (this.#waiting.length < maxWaiting) this.#waiting.push({ after, events });
    } else if (this.#position === undefined || this.#adrift || after === this.#position) {
      for (const event of events) this.#hand(event);
    } else {
      void this.#catchUp([{ after, events }]);
    }
  }

  /** Called when events may be missing: reads the broker's history after the position. */
  doubt(): void {
    if (this.#waiting) this.#doubted = true;
    else if (this.#position !== undefined) void this.#catchUp([]);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#linger?.[Symbol.dispose]();
  }

  async #subscribe(): Promise<Position> {
    await this.#leaving;
    const [position = ""] = await this.#options.broker.subscribe([this.#options.topic]);
    // Events that arrived meanwhile have moved the position on.
    this.#position ??= position;
    return position;
  }

  #unsubscribe(): void {
    if (this.listeners.size > 0 || this.#closed) return;
    const subscribed: Promise<unknown> = this.#live ?? Promise.resolve();
    this.#live = undefined;
    const leaving = subscribed
      .then(() => this.#options.broker.unsubscribe([this.#options.topic]))
      .catch((error: unknown) => this.#warn("A topic could not be given up", error))
      .then(() => {
        this.#forget();
        if (this.#leaving !== leaving) return;
        this.#leaving = undefined;
        if (this.listeners.size === 0 && !this.#closed) this.#options.gone();
      });
    this.#leaving = leaving;
  }

  /** Resets the state of the subscription. A read of history that is under way is discarded. */
  #forget(): void {
    this.#position = undefined;
    this.#adrift = false;
    this.#waiting = undefined;
  }

  #hand(event: Event): void {
    this.#position = event.position;
    this.#adrift = false;
    if (event.end) for (const listener of [...this.listeners]) listener.end(event);
    else this.listeners.find(event.payload, (listener) => listener.event(event));
    if (typeof event.payload !== "object" || event.payload === null) this.#tellUnmatched(event);
  }

  /** Warns once of events without properties that no `match` can be compared with. */
  #tellUnmatched({ end, payload }: Event): void {
    if (this.#toldUnmatched || end || !this.listeners.comparesPayload) return;
    this.#toldUnmatched = true;
    const { log, topic } = this.#options;
    const what = `An event of the topic ${JSON.stringify(topic)} is ${valueKind(payload)}, which has no properties`;
    log.warn(`${what}, so it meets no \`match\`. Publish objects, or declare \`facets\``, { topic });
  }

  /**
   * Reads missing events from history until the waiting batches follow, or the topic is unsubscribed. Never rejects.
   */
  async #catchUp(waiting: Batch[]): Promise<void> {
    this.#waiting = waiting;
    const subscription = this.#live;
    let isWhole = false;
    while (!isWhole) {
      this.#doubted = false;
      await this.#options.whenReady();
      const replay = await this.#replay();
      if (this.#closed || this.#live !== subscription) return;
      if ("gone" in replay) return this.#gap(replay.gone);
      for (const event of replay.events) this.#hand(event);
      isWhole = !replay.more && !this.#doubted && this.#resume();
    }
  }

  async #replay(): Promise<Replay | { readonly gone: GapReason }> {
    const { broker, topic } = this.#options;
    if (!broker.since || this.#position === undefined) return { gone: "broker_lost" };
    try {
      return await broker.since(topic, this.#position, replayLimit);
    } catch (error) {
      this.#warn("A topic's history could not be read", error);
      return { gone: "broker_lost" };
    }
  }

  /** Hands on the waiting events after the end of history. Returns false if events before them are still missing. */
  #resume(): boolean {
    const waiting = this.#waiting ?? [];
    const events = waiting.flatMap((batch) => batch.events);
    const known = events.findIndex((event) => event.position === this.#position);
    const follows = waiting.findIndex((batch) => batch.after === this.#position);
    if (events.length > 0 && known < 0 && follows < 0) {
      waiting.length = 0;
      return false;
    }
    const next = known >= 0 ? events.slice(known + 1) : waiting.slice(follows).flatMap((batch) => batch.events);
    this.#waiting = undefined;
    for (const event of next) this.#hand(event);
    return true;
  }

  /** Tells all listeners of a gap, since the missing events are lost, and hands on the waiting events. */
  #gap(reason: GapReason): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#adrift = true;
    for (const listener of [...this.listeners]) listener.gap(reason);
    for (const batch of waiting) for (const event of batch.events) this.#hand(event);
  }

  #warn(message: string, error: unknown): void {
    this.#options.log.warn(message, { topic: this.#options.topic, error });
  }
}
