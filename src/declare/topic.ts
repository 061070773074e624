import { FanfareError } from "../base/error.ts";
import type { TopicName } from "../contract/broker.ts";

/** A named, ordered stream of events that carry `Payload`. */
export class Topic<Payload = unknown> {
  readonly name: TopicName;
  /** Only a type; there is no such property. */
  declare readonly payload: Payload;

  constructor(name: TopicName) {
    this.name = name;
  }
}

/** A topic, or its bare name where types do not matter. */
export type TopicLike<Payload = unknown> = Topic<Payload> | TopicName;

export type TopicPart = StringConstructor | NumberConstructor | BooleanConstructor;
export type TopicParts = Readonly<Record<string, TopicPart>>;

type PartValue<Part extends TopicPart> = Part extends StringConstructor
  ? string
  : Part extends NumberConstructor
    ? number
    : boolean;

/** Makes the topics of one family: `room({ name: "lobby" })`. */
export type TopicFamily<Payload, Parts extends TopicParts> = (
  ...values: keyof Parts extends never ? [] : [{ readonly [Name in keyof Parts]: PartValue<Parts[Name]> }]
) => Topic<Payload>;

/**
 * Declares a family of topics. Values of its parts are encoded, so no value can name a topic of another family or of
 * another combination of values.
 *
 * @param family the first part of every name; without a colon.
 * @param parts the other parts, in the order in which they stand in the name; none by default.
 * @throws FanfareError BAD_DECLARATION for a family's name with a colon; from the family, for a missing or wrong value.
 */
export function topic<Payload>(family: string): () => Topic<Payload>;
export function topic<Payload, Parts extends TopicParts = TopicParts>(
  family: string,
  parts: Parts,
): TopicFamily<Payload, Parts>;
export function topic<Payload, Parts extends TopicParts>(family: string, parts?: Parts): TopicFamily<Payload, Parts> {
  if (family === "" || family.includes(":")) {
    throw new FanfareError(
      "BAD_DECLARATION",
      `The topic family ${JSON.stringify(family)} must be a name without a colon`,
    );
  }
  const names = Object.entries(parts ?? {});
  return (...values) => {
    const given: Readonly<Record<string, unknown>> = values[0] ?? {};
    let name = family;
    for (const [part, kind] of names) name += `:${encode(family, part, kind, given[part])}`;
    return new Topic(name);
  };
}

export function topicName(topicLike: TopicLike): TopicName {
  return typeof topicLike === "string" ? topicLike : topicLike.name;
}

const reserved = /[%:]/;

function encode(family: string, part: string, kind: TopicPart, value: unknown): string {
  if (typeof value !== kind.name.toLowerCase()) {
    throw new FanfareError(
      "BAD_DECLARATION",
      `The topic ${family} needs a ${kind.name.toLowerCase()} for its part "${part}", not ${typeof value}`,
    );
  }
  const text = String(value);
  return reserved.test(text) ? text.replaceAll("%", "%25").replaceAll(":", "%3A") : text;
}
