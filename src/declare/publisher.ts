import { type Clock, systemClock } from "../base/clock.ts";
import type { Broker } from "../contract/broker.ts";
import { publish, type PublishOptions, type Topics } from "./publish.ts";

export interface PublisherOptions {
  /** The publisher takes it over, and closes it when it is disposed itself. */
  readonly broker: Broker;
  /** The system's by default. */
  readonly clock?: Clock;
}

/** Publishes events. Every function throws FanfareError EVENT_NOT_STORED and EVENT_UNKNOWN, see {@link publish}. */
export interface Publisher extends AsyncDisposable {
  /** Resolves when the broker has stored the event. */
  publish<Payload>(topics: Topics<Payload>, payload: NoInfer<Payload>, options?: PublishOptions): Promise<void>;
  /** Ends the topics' subscriptions: their clients get `complete`. What is published later starts anew. */
  end(topics: Topics, options?: PublishOptions): Promise<void>;
}

/**
 * A publisher for a process that has no schema: a worker, a cron job, a script.
 *
 * ```ts
 * await using publisher = createPublisher({ broker: memoryBroker() });
 * await publisher.publish(room({ name: "lobby" }), message);
 * ```
 */
export function createPublisher({ broker, clock = systemClock }: PublisherOptions): Publisher {
  return {
    publish: (topics, payload, options) => publish(broker, clock, topics, { ...options, payload }),
    end: (topics, options) => publish(broker, clock, topics, { ...options, payload: null, end: true }),
    [Symbol.asyncDispose]: () => Promise.resolve(broker[Symbol.asyncDispose]()),
  };
}
