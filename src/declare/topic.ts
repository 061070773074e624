import { quoted } from "../base/quoted.ts";
import { FanfareError } from "../base/error.ts";
import { keepShape } from "../base/kept-shape.ts";
import { checkArgument } from "../base/option-check.ts";
import { mapOf, must, propertyOf, type Rule } from "../base/rule.ts";
import type { TopicName } from "../contract/broker.ts";

/** A named, ordered stream of events that carry `Payload`. */
export class Topic<Payload = unknown> {
  readonly name: TopicName;
  /** A type only: the property does not exist at run time. */
  declare readonly payload: Payload;

  constructor(name: TopicName) {
    this.name = name;
  }
}

// Applications make one for each `publish`.
keepShape(new Topic(""));

/** A topic, or its name, which has no type of payload. */
export type TopicLike<Payload = unknown> = Topic<Payload> | TopicName;

/** What a part of a topic's name is made of. */
export type TopicPart = StringConstructor | NumberConstructor | BooleanConstructor;

/** The parts of a topic's name behind its family, in their order. */
export type TopicParts = Readonly<Record<string, TopicPart>>;

/** A value for each part of a topic's name. */
export type PartValues<Parts extends TopicParts> = {
  readonly [Name in keyof Parts]: Parts[Name] extends StringConstructor
    ? string
    : Parts[Name] extends NumberConstructor
      ? number
      : boolean;
};

/** Makes the topics of a family: `room({ name: "lobby" })`. */
export interface TopicFamily<Payload, Parts extends TopicParts> {
  (values: PartValues<Parts>): Topic<Payload>;
}

/** A family whose payload type is not given yet. */
export interface OpenTopicFamily<Parts extends TopicParts> extends TopicFamily<unknown, Parts> {
  /** Gives the same family with the payload type `Payload`. */
  of<Payload>(): TopicFamily<Payload, Parts>;
}

/**
 * Declares a family of topics. The values of its parts are encoded, so different values always name different topics,
 * and no value can name a topic of another family.
 *
 * ```ts
 * const news = topic<Message>("news");
 * const room = topic("room", { name: String }).of<Message>();
 * await fanfare.publish(room({ name: "lobby" }), message);
 * ```
 *
 * @param family the first part of each name, without a colon.
 * @param parts the other parts, in their order in the name. Default: none.
 * @throws FanfareError BAD_DECLARATION for a `family` that is empty or has a colon, and from the family for a missing or wrong value.
 */
export function topic<Payload>(family: string): () => Topic<Payload>;
export function topic<Parts extends TopicParts>(family: string, parts: Parts): OpenTopicFamily<Parts>;
/** Parts of any name, for a call that gives `Payload`: TypeScript infers all type arguments of a call or none. */
export function topic<Payload>(family: string, parts: TopicParts): TopicFamily<Payload, TopicParts>;
export function topic<Parts extends TopicParts>(family: string, parts?: Parts): AnyFamily<Parts> {
  checkArgument("topic", "family", family, aFamily, "BAD_DECLARATION");
  if (parts !== undefined) checkArgument("topic", "parts", parts, someParts, "BAD_DECLARATION");
  const names = Object.entries(parts ?? {});
  const nameOf = (values: unknown): TopicName => {
    let name = family;
    for (const [part, kind] of names) name += `:${encode(family, part, kind, propertyOf(values, part))}`;
    return name;
  };
  const of = <Payload>() => named(family, (values?: PartValues<Parts>): Topic<Payload> => new Topic(nameOf(values)));
  return Object.assign(of<never>(), { of });
}

/** Names the function of a family, so that a message about a family that was not called tells which it is. */
function named<Made extends object>(family: string, made: Made): Made {
  return Object.defineProperty(made, "name", { value: family });
}

const aFamily: Rule = must(
  "a name without a colon",
  (value) => typeof value === "string" && value !== "" && !value.includes(":"),
);

const kinds: readonly unknown[] = [String, Number, Boolean];

const someParts: Rule = mapOf(
  "parts",
  must(
    "String, Number or Boolean",
    (value) => kinds.includes(value),
    (value) => (value === Date ? "Pass a date as a String, by toISOString(), or as a Number, by getTime()" : undefined),
  ),
);

/** The implementation of all kinds of families, behind the signatures above. */
interface AnyFamily<Parts extends TopicParts> {
  (values?: PartValues<Parts>): Topic<never>;
  of<Payload>(): (values?: PartValues<Parts>) => Topic<Payload>;
}

/** A topic or its name. A topic is known by its property `name`, which a function has as well. */
export const aTopic: Rule = must("a topic or its name", isTopicLike, (value) =>
  typeof value === "function" ? `Call the topic family: ${value.name}(…)` : undefined,
);

/**
 * The name of a topic.
 *
 * @throws FanfareError BAD_DECLARATION for anything else, such as a family of topics without its values.
 */
export function topicName(topicLike: TopicLike): TopicName {
  if (typeof topicLike === "string") return topicLike;
  if (isTopicLike(topicLike)) return topicLike.name;
  throw new FanfareError("BAD_DECLARATION", `A topic must be a Topic or its name, not ${quoted(topicLike)}`);
}

/** Whether a value is a topic or its name. A family is neither: it is a function, and has a name as any function. */
export function isTopicLike(value: unknown): value is TopicLike {
  if (typeof value === "string") return true;
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
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
