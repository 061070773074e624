import { channel } from "node:diagnostics_channel";
import type { GapReason, TopicName } from "./broker.ts";

/** The diagnostics channels and their messages. The channel of each name is `fanfare:<name>`. */
export interface TelemetryEvents {
  "session.opened": { readonly session: string; readonly dialect: string; readonly address: string };
  "session.ready": { readonly session: string; readonly viewer: string | undefined };
  "session.closed": { readonly session: string; readonly code: number; readonly reason: string };
  "operation.started": {
    readonly session: string;
    readonly operation: string;
    readonly name: string | undefined;
    readonly kind: "query" | "mutation" | "subscription";
    readonly topics: readonly TopicName[];
    readonly cohort: string | undefined;
    /** The audience that shares the operation's results; undefined for a query or a mutation. */
    readonly audience: "everyone" | "key" | "session" | undefined;
    /** Why the audience is not everyone; undefined if it is, and for an operation with a single result. */
    readonly unshared: string | undefined;
  };
  "operation.ended": {
    readonly session: string;
    readonly operation: string;
    readonly why: "client" | "server" | "result" | "error" | "closed";
  };
  "event.published": { readonly topics: readonly TopicName[]; readonly event: string; readonly milliseconds: number };
  "event.executed": {
    readonly cohort: string;
    readonly event: string;
    readonly members: number;
    /** `private`: a shared execution read the context, so the event is executed again for each member. */
    readonly outcome: "delivered" | "skipped" | "private";
  };
  "delivery.dropped": {
    readonly session: string;
    readonly operation: string;
    readonly event: string;
    readonly why: "hidden" | "expired" | "overflow" | "ended";
  };
  "delivery.gap": { readonly session: string; readonly operation: string; readonly reason: GapReason };
  "queue.overflow": { readonly session: string; readonly operation: string; readonly policy: string };
  "broker.lost": { readonly topics: readonly TopicName[] | "all"; readonly why: string };
  "broker.link": { readonly up: boolean };
  "sharing.broken": { readonly fields: readonly string[]; readonly why: string };
  /** The relay of this process began to lead, or ceased to. */
  "relay.leading": { readonly source: string; readonly leads: boolean };
  /** A relay published and confirmed a batch. `rows` and `milliseconds` are the `SourceLag` of the batch. */
  "relay.published": {
    readonly source: string;
    readonly changes: number;
    readonly rows: number;
    readonly milliseconds: number;
  };
  "relay.failed": { readonly source: string; readonly why: string };
  /**
   * The state of a replication slot, from the source that reads it; `status` is PostgreSQL's `wal_status`, of which
   * `extended` and `unreserved` are warnings. `kept`: bytes of the write-ahead log that the server keeps for the slot.
   * `left`: bytes until the server invalidates the slot; undefined: no limit.
   */
  "source.slot": {
    readonly source: string;
    readonly slot: string;
    readonly status: "reserved" | "extended" | "unreserved" | "lost";
    readonly kept: number;
    readonly left: number | undefined;
  };
}

export type TelemetryName = keyof TelemetryEvents;

/** The channels. Reading `hasSubscribers` first keeps an unobserved channel nearly free. */
export const telemetry: { readonly [Name in TelemetryName]: TelemetryChannel<TelemetryEvents[Name]> } = {
  "session.opened": open("session.opened"),
  "session.ready": open("session.ready"),
  "session.closed": open("session.closed"),
  "operation.started": open("operation.started"),
  "operation.ended": open("operation.ended"),
  "event.published": open("event.published"),
  "event.executed": open("event.executed"),
  "delivery.dropped": open("delivery.dropped"),
  "delivery.gap": open("delivery.gap"),
  "queue.overflow": open("queue.overflow"),
  "broker.lost": open("broker.lost"),
  "broker.link": open("broker.link"),
  "sharing.broken": open("sharing.broken"),
  "relay.leading": open("relay.leading"),
  "relay.published": open("relay.published"),
  "relay.failed": open("relay.failed"),
  "source.slot": open("source.slot"),
};

export interface TelemetryChannel<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}

function open<Name extends TelemetryName>(name: Name): TelemetryChannel<TelemetryEvents[Name]> {
  return channel(`fanfare:${name}`);
}
