import type { OperationHost } from "../operation/host.ts";
import type { WriterHost } from "../outbox/writer.ts";
import type { SessionLimits } from "./limits.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { SessionRegistry } from "./registry.ts";

/** What all sessions of a server have in common. */
export interface SessionHost extends OperationHost, WriterHost {
  readonly limits: SessionLimits;
  /** How often a client may send messages. */
  readonly rate: RateLimit;
  readonly registry: SessionRegistry;
}
