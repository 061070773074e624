import { type Clock, systemClock } from "../base/clock.ts";
import { checkOptions } from "../base/option-check.ts";
import type { RulesOf } from "../base/rule.ts";
import type { Broker } from "../contract/broker.ts";
import { aBroker, aClock } from "../contract/part-rules.ts";
import { publish, publishRules, type PublishOptions, type Topics } from "./publish.ts";

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

const rules: RulesOf<PublisherOptions> = { broker: aBroker, clock: aClock };

/**
 * Creates a publisher for a process without a schema: a worker, a cron job, a script.
 *
 * ```ts
 * await using publisher = createPublisher({ broker: memoryBroker() });
 * await publisher.publish(room({ name: "lobby" }), message);
 * ```
 *
 * @throws FanfareError BAD_OPTION for an option that is unknown, missing or not allowed.
 */
export function createPublisher(options: PublisherOptions): Publisher {
  checkOptions("createPublisher", options, rules, { required: ["broker"] });
  const { broker, clock = systemClock } = options;
  return {
    publish: async (topics, payload, details) => {
      if (details !== undefined) checkOptions("publish", details, publishRules);
      await publish(broker, clock, topics, { ...details, payload });
    },
    end: async (topics, details) => {
      if (details !== undefined) checkOptions("end", details, publishRules);
      await publish(broker, clock, topics, { ...details, payload: null, end: true });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(broker[Symbol.asyncDispose]()),
  };
}
