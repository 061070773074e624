import { channel } from "node:diagnostics_channel";
import type { GapReason, TopicName } from "./broker.ts";

/** Everything that can be observed, with the shape of its message. Each is the diagnostics channel `fanfare:<name>`. */
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
    /** Who shares its results; undefined for a query or a mutation. */
    readonly audience: "everyone" | "key" | "session" | undefined;
    /** Why not everyone does; undefined: they do, or it has only one result. */
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
    /** `private`: a shared execution looked at the viewer, and every member gets one of its own. */
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
  /** This process begins to publish what a source captures, or ceases to. */
  "relay.leading": { readonly source: string; readonly leads: boolean };
  /** A batch was published and confirmed. `rows` and `milliseconds` say how far behind the database it was read. */
  "relay.published": {
    readonly source: string;
    readonly changes: number;
    readonly rows: number;
    readonly milliseconds: number;
  };
  "relay.failed": { readonly source: string; readonly why: string };
  /**
   * How a replication slot fares, told by the source that reads it: `extended` and `unreserved` are warnings. `kept` are
   * the bytes of the log that the server keeps for it, `left` those until it loses the slot.
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

/** The channels themselves; `telemetry["session.opened"].hasSubscribers` is cheap enough for the hot path. */
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
