import { type Clock, systemClock } from "../base/clock.ts";
import type { Broker } from "../contract/broker.ts";
import { publish, type PublishOptions, type Topics } from "./publish.ts";

/** Options of {@link createPublisher}. */
export interface PublisherOptions {
  /** Owned by the publisher, which closes it on disposal. */
  readonly broker: Broker;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

/**
 * Publishes events. Each function rejects with FanfareError EVENT_NOT_STORED when no topic has the event, and with
 * EVENT_UNKNOWN when some topics may have it: then publish again with the same id.
 */
export interface Publisher extends AsyncDisposable {
  /** Resolves when the broker has stored the event. */
  publish<Payload>(topics: Topics<Payload>, payload: NoInfer<Payload>, options?: PublishOptions): Promise<void>;
  /**
   * Ends the topics' subscriptions: their clients get `complete`. The topics can be published to and subscribed again.
   */
  end(topics: Topics, options?: PublishOptions): Promise<void>;
}

/**
 * Creates a publisher for a process without a schema: a worker, a cron job, a script.
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
