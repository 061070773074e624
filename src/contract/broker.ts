/** A topic's name: any string, from anybody. A broker encodes it so that no name can become a pattern or another topic. */
export type TopicName = string;

/**
 * An event's place in its topic: epoch, offset and a nonce of the event itself, as one string that only the broker
 * that made it can read. Two positions may be compared for equality and for nothing else.
 */
export type Position = string;

/** Why events between two positions can no longer be had. */
export type GapReason = "expired" | "overflow" | "fork" | "source_lost" | "broker_lost";

/** Something to publish. */
export interface NewEvent {
  readonly topic: TopicName;
  /** Makes a repeated publish harmless: within a topic, a broker with history stores one event per id. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly payload: unknown;
  /** True for the event that ends its topic's subscriptions. */
  readonly end?: boolean;
}

/** Something that happened, at its place. */
export interface Event extends NewEvent {
  readonly position: Position;
}

/** What became of one published event. `unknown` may or may not have been stored: repeat it with the same id. */
export type Receipt = { readonly stored: Position } | { readonly notStored: Error } | { readonly unknown: Error };

/** Where a broker hands over what happens. Its functions never throw. */
export interface BrokerSink {
  /** `after` is the position directly before `batch[0]`; the batch itself has no hole. */
  events(topic: TopicName, after: Position, batch: readonly Event[]): void;
  /** Events of these topics may have been missed: whoever cares reads them from history. */
  lost(topics: readonly TopicName[] | "all", why: string): void;
  /** The link to the other processes went down, or is up again with every subscription restored. */
  link(up: boolean): void;
}

/**
 * Who publishes, where only one process may at a time. A broker that is shared by processes refuses, with `notStored`,
 * what comes with a lower token than it has seen for the same scope.
 */
export interface Fence {
  readonly scope: string;
  readonly token: number;
}

/** `low` is the earliest position that events can be had after. */
export type Replay =
  | { readonly events: readonly Event[]; readonly low: Position; readonly more: boolean }
  | { readonly gone: GapReason; readonly low: Position };

/**
 * Carries events between processes and keeps their recent history. Thin on purpose: reference counts, continuity,
 * linger and retries are the hub's work.
 *
 * - `publish` keeps the order of its array, and of calls where one was awaited before the next began.
 * - Events of one topic reach the sink in the order of their positions, each once per process and subscription.
 * - After `unsubscribe` has resolved nothing of that topic reaches the sink.
 */
export interface Broker extends AsyncDisposable {
  readonly supports: {
    /** `since` and `last` exist. */
    readonly history: boolean;
    /** Other processes hear what is published here. */
    readonly acrossProcesses: boolean;
    /** Stored events survive a restart of the broker. */
    readonly durable: boolean;
  };
  /** Called once, before anything else but `publish`. `signal` aborts when the owner goes away. */
  open(sink: BrokerSink, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the topics are live, with each topic's position at that moment: the sink gets every event after it
   * and none up to it. A batch may reach the sink before the caller of `subscribe` runs on.
   */
  subscribe(topics: readonly TopicName[]): Promise<readonly Position[]>;
  unsubscribe(topics: readonly TopicName[]): Promise<void>;
  /** One receipt per event, in order. Never rejects for a single event's sake. */
  publish(events: readonly NewEvent[], fence?: Fence): Promise<readonly Receipt[]>;
  /** At most `limit` events after `after`, oldest first. */
  since?(topic: TopicName, after: Position, limit: number): Promise<Replay>;
  /** The newest event of a topic. */
  last?(topic: TopicName): Promise<{ readonly position: Position; readonly id: string } | undefined>;
}
