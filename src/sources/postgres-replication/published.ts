import type { CapturedEvent } from "../../contract/captured.ts";

/** What the function `publish` wrote into the log; undefined for something else under its prefix. */
export function readPublished(content: string): Pick<CapturedEvent, "topic" | "payload" | "id"> | undefined {
  const message: unknown = JSON.parse(content);
  if (typeof message !== "object" || message === null) return undefined;
  if (!("topic" in message) || typeof message.topic !== "string" || !("payload" in message)) return undefined;
  const id = "event" in message && typeof message.event === "string" ? message.event : undefined;
  return { topic: message.topic, payload: message.payload, id };
}
