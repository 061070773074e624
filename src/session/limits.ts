import { FanfareError } from "../base/error.ts";
import type { OutboxLimits } from "../outbox/writer.ts";

/** What one client may use. Infinity turns a limit off, but for `initMilliseconds` and its like nothing should. */
export interface SessionLimits extends OutboxLimits {
  /** Bytes of one message before the connection was acknowledged. Default 65,536. Over it: close 4400. */
  readonly messageBytesBeforeAck: number;
  /** Bytes of one message, and of one HTTP request body. Default 262,144. Over it: close 1009, or status 413. */
  readonly messageBytes: number;
  /** Nesting of a message's JSON. Default 64. Over it: close 4400. */
  readonly jsonDepth: number;
  /** Bytes of an operation's id. Default 64. Over it: close 4400. */
  readonly operationIdBytes: number;
  /** Operations of one session that run or wait to be started. Default 100. Over it: an error for the operation. */
  readonly operations: number;
  /** Operations of one session that are being started at the same time; further ones wait. Default 8. */
  readonly starting: number;
  /** Messages per second, pongs not counted, after the burst is used up. Default 50. Over it: close 4429. */
  readonly messagesPerSecond: number;
  /** Messages that may come at once. Default 300. */
  readonly messageBurst: number;
  /** Milliseconds from opening a connection to its first init message. Default 3,000. Over it: close 4408. */
  readonly initMilliseconds: number;
  /** Milliseconds that `onConnect` may take. Default 10,000. Over it: close 4408. */
  readonly ackMilliseconds: number;
  /** Connections of one address that have not been acknowledged. Default 200. Over it: refused with 429 or 1013. */
  readonly unacknowledgedPerAddress: number;
  /** Connections in all. Default 100,000. Over it: refused with 503 or 1013. */
  readonly sessions: number;
  /** Connections of one address. Default Infinity. Over it: refused with 429 or 1013. */
  readonly sessionsPerAddress: number;
}

export const defaultSessionLimits: SessionLimits = {
  messageBytesBeforeAck: 65_536,
  messageBytes: 262_144,
  jsonDepth: 64,
  operationIdBytes: 64,
  operations: 100,
  starting: 8,
  messagesPerSecond: 50,
  messageBurst: 300,
  initMilliseconds: 3_000,
  ackMilliseconds: 10_000,
  outboxBytes: 262_144,
  outboxMessages: 1_000,
  unacknowledgedPerAddress: 200,
  sessions: 100_000,
  sessionsPerAddress: Infinity,
};

/** Fills the defaults in. Throws FanfareError BAD_OPTION for a limit that is not a positive number. */
export function sessionLimits(given: Partial<SessionLimits> = {}): SessionLimits {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "number" && value > 0) continue;
    throw new FanfareError("BAD_OPTION", `limits.${name} is ${value}; it must be a number above 0, or Infinity`);
  }
  return { ...defaultSessionLimits, ...given };
}
