import { systemClock, type Clock } from "../base/clock.ts";
import type { Broker } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Source } from "../contract/source.ts";
import type { RelayedModel } from "./relayed-model.ts";
import { RelayLoop } from "./loop.ts";

export interface RelayOptions {
  /** Where changes come from. Whoever made it closes it. */
  readonly source: Source;
  /** Where they go. Whoever made it closes it. */
  readonly broker: Broker;
  /** Models that have a say in what is published of their tables; none by default. */
  readonly models?: readonly RelayedModel[];
  /**
   * Back-pressure: undefined to go on with the next batch at once, or a promise to wait for. A server with a `source` gives
   * its own, so that a large transaction is read no faster than it is executed. Default: no waiting.
   */
  readonly whenReady?: () => Promise<void> | undefined;
  /** The system's by default. */
  readonly clock?: Clock;
  /** Where trouble is told; by default it is told by the diagnostics channel `fanfare:relay.failed` alone. */
  readonly log?: Log;
}

/** Publishes what a source captures, each change once and in its order, for as long as it is not disposed. */
export interface Relay extends AsyncDisposable {
  /**
   * Resolves when this process leads, or waits behind one that does. Rejects with FanfareError SOURCE_NOT_READY when the
   * database lacks something, and CLOSED when the relay was disposed before. The relay goes on trying after a rejection.
   */
  readonly started: Promise<void>;
}

/**
 * Publishes what is committed to a database: a change of a table's row goes to the topic of its table, an event of a
 * transaction to its own. Any number of processes may have a relay for one database; one of them works, and another takes
 * over within five seconds of its end.
 *
 * What the broker does not store is published again, with the same id, and nothing later overtakes it. When the database
 * or the broker is away, the relay tries again by itself, every 5 s at least.
 */
export function createRelay(options: RelayOptions): Relay {
  const { source, broker, models = [], whenReady = () => undefined, clock = systemClock, log } = options;
  return new RelayLoop({ source, broker, models, whenReady, clock, log });
}
