import { FanfareError } from "../base/error.ts";
import type { OutboxLimits } from "../outbox/writer.ts";

/** Limits of one client (PROTOCOL 6). Infinity turns a limit off, which is not advisable for timeouts. */
export interface SessionLimits extends OutboxLimits {
  /** Bytes of one message before the connection is acknowledged. Default: 65,536. Over it: close 4400. */
  readonly messageBytesBeforeAck: number;
  /** Bytes of one message, and of one HTTP request body. Default: 262,144. Over it: close 1009, or status 413. */
  readonly messageBytes: number;
  /** Levels of nesting of a message's JSON. Default: 64. Over it: close 4400. */
  readonly jsonDepth: number;
  /** Memory of a message's JSON when it is parsed, in estimated bytes. Default: 2,097,152. Over it: close 4400. */
  readonly jsonBytes: number;
  /** Bytes of an operation's id. Default: 64. Over it: the error LIMIT_EXCEEDED for that id. */
  readonly operationIdBytes: number;
  /** Operations of one session, running or waiting to start. Default: 100. Over it: the error TOO_MANY_OPERATIONS. */
  readonly operations: number;
  /** Operations of one session that are started concurrently. Default: 8. Further ones wait. */
  readonly starting: number;
  /** Messages per second in the long run, with pings and pongs. Default: 50. Over it, with the burst used up: close 4429. */
  readonly messagesPerSecond: number;
  /** Messages of a client that are allowed at once, in excess of the rate. Default: 300. */
  readonly messageBurst: number;
  /** Bytes of messages per second in the long run. Default: 262,144. Over it, with the burst used up: close 4429. */
  readonly bytesPerSecond: number;
  /** Bytes of a client's messages that are allowed at once, in excess of the rate. Default: 1,048,576. */
  readonly byteBurst: number;
  /**
   * Memory, in estimated bytes, of the requests that a connection keeps: its init payload, and its operations that run
   * or wait to be started. Default: 8,388,608. Over it: the error LIMIT_EXCEEDED; close 4400 for the init message.
   */
  readonly requestBytes: number;
  /** The same before the connection is acknowledged. Default: 262,144. */
  readonly requestBytesBeforeAck: number;
  /** The same for all unacknowledged connections of one address. Default: 1,048,576. Over it: close 1013. */
  readonly unacknowledgedBytesPerAddress: number;
  /** The same for all connections, with a quarter of it for unacknowledged ones. Default: 134,217,728. Over it: close 1013. */
  readonly requestBytesInAll: number;
  /** Milliseconds from opening a connection to its init message. Default: 3,000. Over it: close 4408. */
  readonly initMilliseconds: number;
  /** Milliseconds that `onConnect` may take. Default: 10,000. Over it: close 4408. */
  readonly ackMilliseconds: number;
  /** Unacknowledged connections of one address. Default: 200. Over it: refused with 429 or 1013. */
  readonly unacknowledgedPerAddress: number;
  /** Connections of all clients. Default: 100,000. Over it: refused with 503 or 1013. */
  readonly sessions: number;
  /** Connections of one address. Default: Infinity. Over it: refused with 429 or 1013. */
  readonly sessionsPerAddress: number;
}

/** The limits of a client where an option names no other. */
export const defaultSessionLimits: SessionLimits = {
  messageBytesBeforeAck: 65_536,
  messageBytes: 262_144,
  jsonDepth: 64,
  jsonBytes: 2_097_152,
  operationIdBytes: 64,
  operations: 100,
  starting: 8,
  messagesPerSecond: 50,
  messageBurst: 300,
  bytesPerSecond: 262_144,
  byteBurst: 1_048_576,
  requestBytes: 8_388_608,
  requestBytesBeforeAck: 262_144,
  unacknowledgedBytesPerAddress: 1_048_576,
  requestBytesInAll: 134_217_728,
  initMilliseconds: 3_000,
  ackMilliseconds: 10_000,
  outboxBytes: 262_144,
  outboxMessages: 1_000,
  unacknowledgedPerAddress: 200,
  sessions: 100_000,
  sessionsPerAddress: Infinity,
};

/**
 * Fills in the defaults.
 *
 * @throws FanfareError BAD_OPTION for a limit that is not a positive number.
 */
export function sessionLimits(given: Partial<SessionLimits> = {}): SessionLimits {
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "number" && value > 0) continue;
    throw new FanfareError("BAD_OPTION", `limits.${name} is ${value}; it must be a number above 0, or Infinity`);
  }
  return { ...defaultSessionLimits, ...given };
}
