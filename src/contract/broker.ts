/**
 * A topic's name: any string, possibly chosen by a client. A broker encodes it, so that no name can act as a pattern or
 * name another topic.
 */
export type TopicName = string;

/**
 * An event's place in its topic: epoch, offset and a nonce of the event, as one string. It is opaque outside the broker
 * that made it: positions may be compared for equality only.
 */
export type Position = string;

/** Why events after a position can no longer be read. */
export type GapReason = "expired" | "overflow" | "fork" | "source_lost" | "broker_lost";

/** An event to publish; the broker gives it its position. */
export interface NewEvent {
  readonly topic: TopicName;
  /**
   * The idempotency key: within a topic, a broker with history stores one event per id, so publishing may be retried.
   */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly payload: unknown;
  /** True for the event that ends its topic's subscriptions. */
  readonly end?: boolean;
}

/** A stored event with its position. */
export interface Event extends NewEvent {
  readonly position: Position;
}

/**
 * The outcome of publishing one event: stored at a position, not stored, or unknown. In the last case the broker may or
 * may not have stored it; publish it again with the same id.
 */
export type Receipt = { readonly stored: Position } | { readonly notStored: Error } | { readonly unknown: Error };

/** Receives a broker's events. Its functions never throw. */
export interface BrokerSink {
  /**
   * Delivers consecutive events of a topic.
   *
   * @param after the position directly before `batch[0]`.
   */
  events(topic: TopicName, after: Position, batch: readonly Event[]): void;
  /** Reports that events of these topics may have been missed; the hub reads them from history. */
  lost(topics: readonly TopicName[] | "all", why: string): void;
  /** Reports that the link to the other processes is down, or is up again with every subscription restored. */
  link(up: boolean): void;
}

/**
 * A fencing token, where only one process may publish at a time. A broker that processes share refuses, with
 * `notStored`, events with a lower token than it has seen for the same scope.
 */
export interface Fence {
  readonly scope: string;
  readonly token: number;
}

/** Events from history, or why they are gone. `low` is the earliest position after which history is complete. */
export type Replay =
  | { readonly events: readonly Event[]; readonly low: Position; readonly more: boolean }
  | { readonly gone: GapReason; readonly low: Position };

/**
 * Carries events between processes and keeps their recent history. It is thin on purpose: reference counts, continuity,
 * linger and retries are the hub's work. `brokerContract` of `fanfare/testing` tests these guarantees:
 *
 * - `publish` keeps the order of its array, and the order of calls of which each was awaited before the next.
 * - Events of one topic reach the sink in the order of their positions, each once per process and subscription.
 * - After `unsubscribe` has resolved, no event of that topic reaches the sink.
 */
export interface Broker extends AsyncDisposable {
  readonly supports: {
    /** `since` and `last` exist. */
    readonly history: boolean;
    /** Events that are published here reach other processes. */
    readonly acrossProcesses: boolean;
    /** Stored events survive a restart of the broker. */
    readonly durable: boolean;
  };
  /** Called once, before any other function except `publish`. `signal` aborts when the sink's owner is disposed. */
  open(sink: BrokerSink, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the topics are live, with each topic's position at that moment, in the order of `topics`: the sink
   * gets each event after that position and none up to it. A batch may reach the sink before the caller has seen the
   * positions.
   */
  subscribe(topics: readonly TopicName[]): Promise<readonly Position[]>;
  unsubscribe(topics: readonly TopicName[]): Promise<void>;
  /** Resolves with one receipt per event, in order. Does not reject because a single event failed. */
  publish(events: readonly NewEvent[], fence?: Fence): Promise<readonly Receipt[]>;
  /** Reads at most `limit` events of a topic's history after the position `after`, oldest first. */
  since?(topic: TopicName, after: Position, limit: number): Promise<Replay>;
  /** The position and the id of a topic's newest event; undefined if the broker knows of none. */
  last?(topic: TopicName): Promise<{ readonly position: Position; readonly id: string } | undefined>;
}
