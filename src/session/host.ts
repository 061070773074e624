import type { Clock } from "../base/clock.ts";
import type { Deadlines } from "../base/deadlines.ts";
import type { OperationHost } from "../operation/host.ts";
import type { WriterHost } from "../outbox/writer.ts";
import type { SessionLimits } from "./limits.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { SessionRegistry } from "./registry.ts";
import type { RequestBudget } from "./request-budget.ts";

/** The parts and options that all sessions of a server have in common. */
export interface SessionHost extends OperationHost, WriterHost {
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** The rate limit of a client's messages and control frames. */
  readonly rate: RateLimit;
  /** The rate limit of their bytes. */
  readonly byteRate: RateLimit;
  readonly requests: RequestBudget;
  readonly registry: SessionRegistry;
  /** Deadlines of the sessions that wait for an init message. */
  readonly init: Deadlines;
  /** Deadlines of the sessions whose `onConnect` is running. */
  readonly ack: Deadlines;
}
