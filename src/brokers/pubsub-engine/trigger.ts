import type { TopicName } from "../../contract/broker.ts";

/** What the end of a topic travels by. No topic has this trigger. */
export const endTrigger = "fanfare:end";

/** What travels by {@link endTrigger}. */
export interface EndMessage {
  readonly topic: TopicName;
  readonly id: string;
  readonly time: number;
  readonly payload: unknown;
}

const reserved = /^(?:fanfare:)*(?:error|newListener|removeListener)$|^(?:fanfare:)+end$/;

/** A topic's trigger is its name, but for names that something else owns; no two topics have the same. */
export function triggerOf(topic: TopicName): string {
  return reserved.test(topic) ? `fanfare:${topic}` : topic;
}

/** Undefined for what is no end message: anybody may publish on the engine. */
export function readEnd(message: unknown): EndMessage | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("topic" in message && "id" in message && "time" in message)) return undefined;
  const { topic, id, time } = message;
  if (typeof topic !== "string" || typeof id !== "string" || typeof time !== "number") return undefined;
  return { topic, id, time, payload: "payload" in message ? message.payload : undefined };
}
