import { valueKind } from "../../base/value-kind.ts";
import { FanfareError, type ErrorCode } from "../../base/error.ts";
import { isPlainObject } from "../../base/plain-object.ts";
import { silence } from "../../base/thenable.ts";
import type { TopicName } from "../../contract/broker.ts";
import type { Match, MatchValue } from "../../declare/declaration.ts";
import { isTopicLike, topicName } from "../../declare/topic.ts";
import type { Trigger } from "../../declare/triggers.ts";

// What an application's functions answer decides who gets an event and who shares a result. Fail-closed: an answer of
// another form than is declared, such as a promise, refuses the operation.

/** @throws FanfareError BAD_DECLARATION unless the answer of a declaration's `topics` is a list of topics. */
export function topicsOf(answer: unknown, field: string): readonly TopicName[] {
  const isFor = `\`topics\` of ${field}`;
  if (!Array.isArray(answer)) throw refusal("BAD_DECLARATION", isFor, "a list of topics", answer);
  const names = answer.map((topic: unknown) => {
    if (isTopicLike(topic)) return topicName(topic);
    throw refusal("BAD_DECLARATION", isFor, "topics or their names", topic);
  });
  return names.length > 1 ? [...new Set(names)] : names;
}

/**
 * A frozen copy of the conditions of a declaration's `match`, which may be one of several.
 *
 * @throws FanfareError BAD_DECLARATION unless they are plain objects of primitive values.
 */
export function matchOf(answer: unknown, field: string): Match | readonly Match[] | undefined {
  if (answer === undefined) return undefined;
  return Array.isArray(answer)
    ? Object.freeze(answer.map((each) => conditionsOf(each, field)))
    : conditionsOf(answer, field);
}

function conditionsOf(answer: unknown, field: string): Match {
  if (!isPlainObject(answer)) {
    throw refusal("BAD_DECLARATION", `\`match\` of ${field}`, "an object of values, or a list of such", answer);
  }
  const copy: Record<string, MatchValue> = Object.create(null);
  for (const [name, value] of Object.entries(answer)) {
    if (isMatchValue(value)) copy[name] = value;
    else throw refusal("BAD_DECLARATION", `The property ${name} of \`match\` of ${field}`, "a primitive value", value);
  }
  return Object.freeze(copy);
}

function isMatchValue(value: unknown): value is MatchValue {
  return value === null || !["object", "function", "symbol"].includes(typeof value);
}

/**
 * The topics of a trigger function's answer, with their triggers.
 *
 * @throws FanfareError BAD_DECLARATION unless it is a plain object of objects, whose `filter` is a function.
 */
export function triggersOf(answer: unknown, field: string): ReadonlyMap<TopicName, Trigger> {
  const isFor = `The trigger of ${field}`;
  if (!isPlainObject(answer)) throw refusal("BAD_DECLARATION", isFor, "an object of topics", answer);
  return new Map(Object.entries(answer).map(([topic, entry]) => [topic, triggerOf(entry, `${isFor}, ${topic}`)]));
}

function triggerOf(entry: unknown, isFor: string): Trigger {
  if (!isTrigger(entry)) throw refusal("BAD_DECLARATION", isFor, "an object, with a function `filter` or none", entry);
  return entry;
}

function isTrigger(entry: unknown): entry is Trigger {
  if (typeof entry !== "object" || entry === null || entry instanceof Promise) return false;
  return !("filter" in entry) || entry.filter === undefined || typeof entry.filter === "function";
}

/** @throws FanfareError BAD_OPTION unless the answer of the option `shareBy` is a string. */
export function shareKeyOf(answer: unknown): string {
  if (typeof answer === "string") return answer;
  throw refusal("BAD_OPTION", "The option `shareBy`", "a string", answer);
}

function refusal(code: ErrorCode, isFor: string, allowed: string, answer: unknown): FanfareError {
  silence(answer);
  return new FanfareError(code, `${isFor} must answer with ${allowed}, not with ${valueKind(answer)}`);
}
