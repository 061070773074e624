import { GraphQLError } from "graphql";
import type { TopicName } from "../../contract/broker.ts";
import { FanfareError } from "../../base/error.ts";

/** Limits of the topics of one operation (PROTOCOL 6.3): their names may hold what a client has sent. */
export interface TopicLimits {
  /** Topics of one operation. Default: 1,000. Over it: the error LIMIT_EXCEEDED. Infinity: no limit. */
  readonly topics: number;
  /** Length of a topic's name in UTF-16 code units. Default: 1,024. Over it: LIMIT_EXCEEDED. Infinity: no limit. */
  readonly topicCharacters: number;
}

/** The limits of an operation's topics where an option names no other. */
export const defaultTopicLimits: TopicLimits = { topics: 1_000, topicCharacters: 1_024 };

/**
 * Fills in the defaults.
 *
 * @throws FanfareError BAD_OPTION for a limit that is not a positive number.
 */
export function topicLimits(given: Partial<TopicLimits> = {}): TopicLimits {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "number" && value > 0) continue;
    throw new FanfareError("BAD_OPTION", `limits.${name} is ${value}; it must be a number above 0, or Infinity`);
  }
  return { ...defaultTopicLimits, ...given };
}

/** @throws GraphQLError LIMIT_EXCEEDED for topics of one operation that are too many, or have too long a name. */
export function assertTopics(topics: readonly TopicName[], limits: TopicLimits): void {
  if (topics.length > limits.topics) throw overLimit("topics", limits.topics, topics.length);
  for (const { length } of topics) {
    if (length > limits.topicCharacters) throw overLimit("topicCharacters", limits.topicCharacters, length);
  }
}

function overLimit(limit: keyof TopicLimits, maximum: number, value: number): GraphQLError {
  const what = limit === "topics" ? "topics of an operation" : "characters of a topic's name";
  return new GraphQLError(`The subscription is over the limit of ${what}: ${value}, at most ${maximum}.`, {
    extensions: { code: "LIMIT_EXCEEDED", limit, maximum },
  });
}
