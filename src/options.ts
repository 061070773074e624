import { type GraphQLSchema, isSchema, type ValidationRule } from "graphql";
import { type Clock, systemClock } from "./base/clock.ts";
import { FanfareError } from "./base/error.ts";
import { memoryBroker } from "./brokers/memory.ts";
import type { Broker } from "./contract/broker.ts";
import type { Log } from "./contract/log.ts";
import type { Source } from "./contract/source.ts";
import type { MaybePromise } from "./declare/declaration.ts";
import type { Triggers } from "./declare/triggers.ts";
import { defaultDocumentLimits, type DocumentLimits } from "./engine/document/limits.ts";
import type { FormatResponse } from "./engine/execution/result.ts";
import { type FormatError, maskError } from "./engine/execution/error-format.ts";
import type { RelayedModel } from "./relay/relayed-model.ts";
import { consoleLog } from "./observe/console-log.ts";
import type { ContextInput, SessionHooks } from "./operation/connection.ts";
import { defaultSessionLimits, sessionLimits, type SessionLimits } from "./session/limits.ts";
import type { TransportOptions } from "./transports.ts";
import { defaultTransportLimits, transportLimits, type TransportLimits } from "./transports/limits.ts";

/** What a server is made of. Only `schema` is needed. */
export interface FanfareOptions<Context = unknown> extends SessionHooks, TransportOptions {
  readonly schema: GraphQLSchema;
  /** Carries events. Default: {@link memoryBroker}, for one process. A broker that is given is closed by its giver. */
  readonly broker?: Broker;
  /**
   * Captures what is committed to a database; its changes go to the topics of its tables, which models listen to. A
   * source that is given is closed by its giver. Default: none.
   */
  readonly source?: Source;
  /** Models with hooks, which have a say in what is published of their tables. Default: none. */
  readonly models?: readonly RelayedModel[];
  /**
   * The context of resolvers, made afresh for every execution so that nothing in it grows old. `operation` is added to
   * what it returns. Default: what `onConnect` returned.
   */
  readonly context?: (input: ContextInput) => MaybePromise<Context>;
  /** What an execution that serves everybody may see, instead of the context. Default: nothing. */
  readonly sharedContext?: () => object;
  /** Vouches that results depend on the context by nothing but this string, such as a role or a tenant. Default: none. */
  readonly shareBy?: (context: Context) => string;
  /** For schemas whose resolvers stay as they are: which topics a field listens to. Default: the topic named like it. */
  readonly triggers?: Triggers;
  /** Words errors for clients. Default: {@link maskError}, which hides what was not thrown on purpose. */
  readonly formatError?: FormatError;
  /** Changes results before they are encoded; called once for everybody who shares one. Default: none. */
  readonly formatResponse?: FormatResponse;
  /** Bounds of documents, sessions and transports. All have defaults that are on; Infinity turns nearly each of them off. */
  readonly limits?: Partial<DocumentLimits & SessionLimits & TransportLimits>;
  /** Parsed documents that are kept, by their number and their estimated size. Default: 1,000 and 64 MiB. 0: none. */
  readonly documentCache?: { readonly maxEntries?: number; readonly maxBytes?: number };
  /** Whether clients may ask for the schema. Default: true, but false with `NODE_ENV=production`. */
  readonly introspection?: boolean;
  /** True: a subscription has exactly one root field, and no fragment beside it. Default false. */
  readonly strictRootField?: boolean;
  /** Validation rules besides graphql-js's own. */
  readonly rules?: readonly ValidationRule[];
  /** `strict`: a client's messages are handled one after the other, each to its end. Default `concurrent`. */
  readonly ordering?: "concurrent" | "strict";
  /**
   * Milliseconds between two pings of a connection, which is cut if it has not answered by the next. Default 12,000.
   * Infinity: no pings.
   */
  readonly keepAlive?: number;
  /** Milliseconds after which an operation is reported as slow. Default 1,000. Infinity: never. */
  readonly warnAfter?: number;
  /**
   * Milliseconds for which a topic stays subscribed when nobody listens any more. Default 5,000. 0: not at all. Infinity:
   * until the server is disposed.
   */
  readonly linger?: number;
  /** Members of a large fan-out that are served before the event loop goes on. Default 512. Infinity: all of them. */
  readonly slice?: number;
  /** How many events are executed at the same time, and how many wait for that. */
  readonly execution?: ExecutionOptions;
  /** Where warnings and errors go. Default: the standard error stream. */
  readonly log?: Log;
  readonly clock?: Clock;
}

/**
 * The bound of what is executed. It is the server's own: what waits for a client is bounded by the `queue` of its
 * subscription.
 */
export interface ExecutionOptions {
  /**
   * Events of one subscription that are executed at the same time, if that is async. Default 64; Infinity: all that come.
   * Further ones wait.
   */
  readonly concurrency?: number;
  /**
   * Events of one subscription that wait for their execution. Default 16,384; Infinity: no bound. Over it they are left
   * out: with the policy `disconnect` its clients are closed with 1013, with any other they are told a gap.
   */
  readonly backlog?: number;
  /** The same for all subscriptions together. Default 4,000,000: some 32 MiB of references. Infinity: no bound. */
  readonly backlogInAll?: number;
}

/** The options with every default filled in, split by whom they concern. */
export interface ResolvedOptions {
  readonly broker: Broker;
  /** True if the broker was made here, and has to be closed here. */
  readonly ownsBroker: boolean;
  readonly documentLimits: Partial<DocumentLimits>;
  readonly sessionLimits: SessionLimits;
  readonly transportLimits: TransportLimits;
  readonly documentCache: { readonly maxEntries: number; readonly maxBytes: number };
  readonly introspection: boolean;
  readonly keepAlive: number;
  readonly warnAfter: number;
  readonly linger: number;
  readonly slice: number;
  readonly execution: Required<ExecutionOptions>;
  readonly formatError: FormatError;
  readonly log: Log;
  readonly clock: Clock;
}

const durations = ["keepAlive", "warnAfter", "linger", "slice"] as const;

/** @throws FanfareError BAD_OPTION for a value that is not allowed. */
export function resolveOptions<Context>(options: FanfareOptions<Context>): ResolvedOptions {
  if (!isSchema(options.schema)) throw new FanfareError("BAD_OPTION", "schema is missing; it must be a GraphQLSchema");
  for (const name of durations) {
    const value = options[name];
    const least = name === "linger" ? 0 : 1;
    if (value === undefined || value >= least) continue;
    throw new FanfareError("BAD_OPTION", `${name} is ${value}; it must be a number of at least ${least}`);
  }
  const { clock = systemClock } = options;
  const execution = { concurrency: 64, backlog: 16_384, backlogInAll: 4_000_000, ...options.execution };
  for (const [name, value] of Object.entries(execution)) {
    if (value >= 1) continue;
    throw new FanfareError("BAD_OPTION", `execution.${name} is ${value}; it must be a number of at least 1`);
  }
  return {
    broker: options.broker ?? memoryBroker({ clock }),
    ownsBroker: options.broker === undefined,
    ...splitLimits(options.limits),
    documentCache: { maxEntries: 1_000, maxBytes: 64 * 1024 * 1024, ...options.documentCache },
    introspection: options.introspection ?? process.env["NODE_ENV"] !== "production",
    keepAlive: options.keepAlive ?? 12_000,
    warnAfter: options.warnAfter ?? 1_000,
    linger: options.linger ?? 5_000,
    slice: options.slice ?? 512,
    execution,
    formatError: options.formatError ?? maskError,
    log: options.log ?? consoleLog,
    clock,
  };
}

function splitLimits(
  given: Partial<DocumentLimits & SessionLimits & TransportLimits> = {},
): Pick<ResolvedOptions, "documentLimits" | "sessionLimits" | "transportLimits"> {
  const groups = [defaultDocumentLimits, defaultSessionLimits, defaultTransportLimits];
  const known = groups.flatMap((defaults) => Object.keys(defaults));
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new FanfareError("BAD_OPTION", `There is no limit named ${unknown}; there are ${known.join(", ")}`);
  }
  const ofGroup = (defaults: object): Readonly<Record<string, number>> =>
    Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(defaults, name)));
  return {
    documentLimits: ofGroup(defaultDocumentLimits),
    sessionLimits: sessionLimits(ofGroup(defaultSessionLimits)),
    transportLimits: transportLimits(ofGroup(defaultTransportLimits)),
  };
}
