import type { Clock } from "../base/clock.ts";
import type { Deadlines } from "../base/deadlines.ts";
import type { OperationHost } from "../operation/host.ts";
import type { WriterHost } from "../outbox/writer.ts";
import type { SessionLimits } from "./limits.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { SessionRegistry } from "./registry.ts";

/** What all sessions of a server have in common. */
export interface SessionHost extends OperationHost, WriterHost {
  readonly clock: Clock;
  readonly limits: SessionLimits;
  /** How often a client may send messages. */
  readonly rate: RateLimit;
  readonly registry: SessionRegistry;
  /** Sessions whose clients have not introduced themselves. */
  readonly init: Deadlines;
  /** Sessions about which `onConnect` has not decided. */
  readonly ack: Deadlines;
}
