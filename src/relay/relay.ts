import { systemClock, type Clock } from "../base/clock.ts";
import { checkOptions } from "../base/option-check.ts";
import { aFunction, listOf, type RulesOf } from "../base/rule.ts";
import type { Broker } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import { aBroker, aClock, aLog, aSource } from "../contract/part-rules.ts";
import type { Source } from "../contract/source.ts";
import { aModel, type RelayedModel } from "./relayed-model.ts";
import { RelayLoop } from "./loop.ts";

/** Options of {@link createRelay}. */
export interface RelayOptions {
  /** Captures the changes. The relay does not dispose it. */
  readonly source: Source;
  /** Carries the changes' events. The relay does not close it. */
  readonly broker: Broker;
  /** Models whose hooks decide what is published of their tables. Default: none. */
  readonly models?: readonly RelayedModel[];
  /**
   * Back-pressure: returns a promise to await before the next batch is read, or undefined to read it at once. A server
   * with a `source` passes its own, so that a large transaction is read no faster than it is executed. Default: no
   * waiting.
   */
  readonly whenReady?: () => Promise<void> | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** Where failures are logged. Default: nowhere; the diagnostics channel `fanfare:relay.failed` reports them too. */
  readonly log?: Log;
}

const rules: RulesOf<RelayOptions> = {
  source: aSource,
  broker: aBroker,
  models: listOf("models", aModel),
  whenReady: aFunction(),
  clock: aClock,
  log: aLog,
};

/** Publishes the changes that a source captures, each once and in order, until it is disposed. */
export interface Relay extends AsyncDisposable {
  /**
   * Resolves when this process leads, or waits for another one that does. Rejects with FanfareError SOURCE_NOT_READY
   * when the database lacks something that capture needs; the relay keeps trying. Rejects with CLOSED when the relay is
   * disposed before.
   */
  readonly started: Promise<void>;
}

/**
 * Starts a relay, which publishes the committed changes of a database: a row's change to the topic of its table, an
 * event of a transaction to the event's own topic. Any number of processes may run a relay for one database: one of
 * them leads, and another takes over within five seconds of its end.
 *
 * Events that the broker does not store are published again with the same id (at-least-once, with an idempotency key),
 * and no later event overtakes them. While the database or the broker is unavailable, the relay retries by itself with
 * exponential back-off, at least every 5 s.
 *
 * @throws FanfareError BAD_OPTION for an option that is unknown, missing or not allowed.
 */
export function createRelay(options: RelayOptions): Relay {
  checkOptions("createRelay", options, rules, { required: ["source", "broker"] });
  const { source, broker, models = [], whenReady = () => undefined, clock = systemClock, log } = options;
  return new RelayLoop({ source, broker, models, whenReady, clock, log });
}
