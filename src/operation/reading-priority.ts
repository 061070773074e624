import type { Priority } from "../base/scheduler.ts";

/** Lengths of texts, from which they are read after shorter ones. */
const normalLength = 1_024;
const largeLength = 16_384;

/** The priority of reading a client's text of this length: a message, or the body of a request. */
export function readingPriority(length: number): Priority {
  if (length < normalLength) return "high";
  return length < largeLength ? "normal" : "large";
}
