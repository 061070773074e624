import type { Clock } from "../base/clock.ts";
import { FanfareError } from "../base/error.ts";
import type { Broker, NewEvent, Receipt, TopicName } from "../contract/broker.ts";
import { telemetry } from "../contract/telemetry.ts";
import { checkArgument } from "../base/option-check.ts";
import { aNumber, aText, listOf, type Rule, type RulesOf } from "../base/rule.ts";
import { aTopic, type TopicLike, topicName } from "./topic.ts";

/** Options of one `publish` or `end`. */
export interface PublishOptions {
  /**
   * The event's id, an idempotency key: within a topic, a broker with history stores one event per id. Default: random.
   * Choose one in order to publish again, with the same id, after an error.
   */
  readonly id?: string;
  /** The event's time, in milliseconds since 1970. Default: now. */
  readonly time?: number;
}

/** The rules of {@link PublishOptions}. */
export const publishRules: RulesOf<PublishOptions> = {
  id: aText(),
  time: aNumber(-Infinity, Infinity, (value) =>
    value instanceof Date ? "Write its milliseconds: date.getTime()" : undefined,
  ),
};

/** One or several topics of an event. An operation that listens to more than one of them gets the event once. */
export type Topics<Payload = unknown> = TopicLike<Payload> | readonly TopicLike<Payload>[];

/**
 * Publishes one event and resolves when the broker has stored it in each of the topics. Does nothing without topics.
 *
 * @param event its payload and options; `end`: true for the event that ends the topics' subscriptions.
 * @throws FanfareError EVENT_NOT_STORED when no topic has the event; EVENT_UNKNOWN when some topics may have it. The
 * cause is the broker's error, or an AggregateError of several.
 */
export async function publish(
  broker: Broker,
  clock: Clock,
  topics: Topics,
  event: PublishOptions & { readonly payload: unknown; readonly end?: boolean },
): Promise<void> {
  const started = clock.now();
  const { id = crypto.randomUUID(), time = started, payload, end = false } = event;
  const names = topicNames(topics);
  if (names.length === 0) return;

  const events = names.map((topic) => ({ topic, id, time, payload, end }));
  assertStored(await receiptsOf(broker, events), id, names);
  if (telemetry["event.published"].hasSubscribers) {
    const milliseconds = clock.now() - started;
    telemetry["event.published"].publish({ topics: names, event: id, milliseconds });
  }
}

/** @throws FanfareError BAD_OPTION for anything but a topic, its name, or a list of these. */
export function topicNames(topics: Topics): readonly TopicName[] {
  if (typeof topics === "string") return [topics];
  checkArgument("publish", "topics", topics, Array.isArray(topics) ? topicList : aTopic);
  return isList(topics) ? topics.map(topicName) : [topicName(topics)];
}

const topicList: Rule = listOf("topics", aTopic);

function isList(topics: Topics): topics is readonly TopicLike[] {
  return Array.isArray(topics);
}

/** A broker reports failed events by receipts; if it rejects instead, the outcome of all events is unknown. */
async function receiptsOf(broker: Broker, events: readonly NewEvent[]): Promise<readonly Receipt[]> {
  try {
    return await broker.publish(events);
  } catch (error) {
    const unknown = error instanceof Error ? error : new Error(String(error));
    return events.map(() => ({ unknown }));
  }
}

function assertStored(receipts: readonly Receipt[], id: string, topics: readonly TopicName[]): void {
  const errors = receipts.flatMap((receipt) => {
    if ("stored" in receipt) return [];
    return "unknown" in receipt ? [receipt.unknown] : [receipt.notStored];
  });
  if (errors.length === 0) return;

  const refused = receipts.every((receipt) => "notStored" in receipt);
  const what = `The event ${JSON.stringify(id)} ${refused ? "was not stored" : "may not be stored"}`;
  const where = topics.map((topic) => JSON.stringify(topic)).join(", ");
  const cause = errors.length === 1 ? errors[0] : new AggregateError(errors);
  throw new FanfareError(refused ? "EVENT_NOT_STORED" : "EVENT_UNKNOWN", `${what} in ${where}`, {
    cause,
  });
}
