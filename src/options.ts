import { isSchema, type GraphQLSchema, type ValidationRule } from "graphql";
import { type Clock, systemClock } from "./base/clock.ts";
import { FanfareError } from "./base/error.ts";
import { checkOptions } from "./base/option-check.ts";
import {
  aBoolean,
  aFunction,
  aNumber,
  listOf,
  mapOf,
  must,
  oneOf,
  optionsOf,
  propertyOf,
  type Cure,
  type Rule,
  type RulesOf,
} from "./base/rule.ts";
import { memoryBroker } from "./brokers/memory.ts";
import type { Broker } from "./contract/broker.ts";
import type { Log } from "./contract/log.ts";
import { aBroker, aClock, aLog, aSource } from "./contract/part-rules.ts";
import type { Source } from "./contract/source.ts";
import type { MaybePromise } from "./declare/declaration.ts";
import type { Triggers } from "./declare/triggers.ts";
import { defaultDocumentLimits, type DocumentLimits } from "./engine/document/limits.ts";
import type { FormatResponse } from "./engine/execution/result.ts";
import { type FormatError, maskError } from "./engine/execution/error-format.ts";
import { defaultTopicLimits, topicLimits, type TopicLimits } from "./engine/plan/topic-limits.ts";
import { aModel, type RelayedModel } from "./relay/relayed-model.ts";
import { consoleLog } from "./observe/console-log.ts";
import { guardedLog } from "./observe/guarded-log.ts";
import { hookRules, type ContextInput, type SessionHooks } from "./operation/connection.ts";
import { defaultSessionLimits, sessionLimits, type SessionLimits } from "./session/limits.ts";
import { transportRules, type TransportOptions } from "./transports.ts";
import { defaultTransportLimits, transportLimits, type TransportLimits } from "./transports/limits.ts";

/** Options of a server. Only `schema` is required. */
export interface FanfareOptions<Context = unknown> extends SessionHooks, TransportOptions {
  readonly schema: GraphQLSchema;
  /** Carries events. The server does not close it. Default: {@link memoryBroker}, for one process. */
  readonly broker?: Broker;
  /**
   * Captures the committed changes of a database, which go to the topics of its tables, to which models listen. The
   * server does not dispose it. Default: none.
   */
  readonly source?: Source;
  /** Models whose hooks decide what is published of their tables. Default: none. */
  readonly models?: readonly RelayedModel[];
  /**
   * Returns the context of resolvers. It is called for each execution, so that the context is never stale. `operation`
   * is defined on its result, which is the context itself, or on a view of an object that several operations have.
   * Default: a view of the object that `onConnect` returned.
   */
  readonly context?: (input: ContextInput) => MaybePromise<Context>;
  /** Returns the context of a shared execution, whose result everyone gets. Default: an empty context. */
  readonly sharedContext?: () => object;
  /**
   * Returns a key, such as a role or a tenant, on which alone results depend in the context. Anything but a string
   * refuses the operation with BAD_OPTION. Default: none.
   */
  readonly shareBy?: (context: Context) => string;
  /**
   * The topics of subscription fields in a schema without declarations. A field without an entry listens to the topic of
   * its name. Default: the same for all, with a warning for each undeclared field; an empty object says that it is meant.
   * An entry for a field that is not there, or that has a declaration or a `subscribe`, is refused with BAD_OPTION.
   */
  readonly triggers?: Triggers;
  /** Formats errors for clients. Default: {@link maskError}, which masks every error except a GraphQLError. */
  readonly formatError?: FormatError;
  /** Changes a result before it is encoded. It is called once per shared result. Default: none. */
  readonly formatResponse?: FormatResponse;
  /** Limits of documents, topics, sessions and transports. All are on by default; Infinity turns most of them off. */
  readonly limits?: Partial<DocumentLimits & TopicLimits & SessionLimits & TransportLimits>;
  /**
   * Bounds of the LRU cache of parsed documents: entries and estimated bytes. Default: 1,000 and 64 MiB. 0: none.
   * Compiled operations have as many entries, and a quarter of the bytes.
   */
  readonly documentCache?: { readonly maxEntries?: number; readonly maxBytes?: number };
  /** Whether introspection is allowed. Default: true, but false with `NODE_ENV=production`. */
  readonly introspection?: boolean;
  /** True: a subscription must have exactly one root field and no fragment beside it. Default: false. */
  readonly strictRootField?: boolean;
  /** Validation rules in addition to those of graphql-js. Default: none. */
  readonly rules?: readonly ValidationRule[];
  /** `strict`: a client's messages are handled one at a time, each to its end. Default: `concurrent`. */
  readonly ordering?: "concurrent" | "strict";
  /**
   * Milliseconds between two pings of a connection, which is terminated if it has not answered by the next. Default:
   * 12,000. Infinity: no pings.
   */
  readonly keepAlive?: number;
  /**
   * Milliseconds of starting or executing after which an operation is logged as slow. Default: 1,000. Infinity: never.
   */
  readonly warnAfter?: number;
  /**
   * Milliseconds for which a topic stays subscribed after its last listener left. Default: 5,000. 0: not at all.
   * Infinity: until the server is disposed.
   */
  readonly linger?: number;
  /** Members of a large fan-out that are served per turn of the event loop. Default: 512. Infinity: all of them. */
  readonly slice?: number;
  /** Bounds of concurrent executions, and of the events that wait for execution. */
  readonly execution?: ExecutionOptions;
  /** Where warnings and errors go. Default: the standard error stream. */
  readonly log?: Log;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

/** Bounds of execution in this process. Results that wait for a client are bounded by its subscription's `queue`. */
export interface ExecutionOptions {
  /**
   * Events of one subscription whose async executions run concurrently; further ones wait. Default: 64. Infinity: no
   * bound.
   */
  readonly concurrency?: number;
  /**
   * Events of one subscription that wait for execution (its backlog). Default: 16,384. Infinity: no bound. Over it,
   * they are dropped: clients with the policy `disconnect` are closed with 1013, others are told a gap.
   */
  readonly backlog?: number;
  /**
   * Events of all subscriptions together that wait for execution. Default: 4,000,000, some 32 MiB of references.
   * Infinity: no bound. Over it, as with `backlog`.
   */
  readonly backlogInAll?: number;
  /**
   * Snapshots that are read at the same time, by all subscriptions; further ones wait. A snapshot does not count while
   * its client takes no row, or the application gives none, for 200 ms. Default: 16. Infinity: no bound.
   */
  readonly snapshots?: number;
}

/** The options with defaults filled in. Limits are split by documents, topics, sessions and transports. */
export interface ResolvedOptions {
  readonly broker: Broker;
  /** Whether the broker is the default one, which the server has to close. */
  readonly ownsBroker: boolean;
  readonly documentLimits: Partial<DocumentLimits>;
  readonly topicLimits: TopicLimits;
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

const aSchema: Rule = must("a GraphQLSchema", isSchema, (value) =>
  typeof value === "string" || propertyOf(value, "kind") === "Document"
    ? "Build it first, by buildSchema of graphql or makeExecutableSchema of @graphql-tools/schema"
    : undefined,
);

const asFunction =
  (example: string): Cure =>
  (value) =>
    typeof value === "object" && value !== null ? `Write a function that returns it: ${example}` : undefined;

/** Each limit is a number, whose range its group checks. */
const limitNames = [defaultDocumentLimits, defaultTopicLimits, defaultSessionLimits, defaultTransportLimits].flatMap(
  Object.keys,
);

const rules: RulesOf<FanfareOptions> = {
  schema: aSchema,
  broker: aBroker,
  source: aSource,
  models: listOf("models", aModel),
  context: aFunction(asFunction("context: () => ({ … })")),
  sharedContext: aFunction(asFunction("sharedContext: () => ({ … })")),
  shareBy: aFunction(),
  triggers: mapOf("functions by the names of subscription fields", aFunction()),
  formatError: aFunction(),
  formatResponse: aFunction(),
  limits: optionsOf(Object.fromEntries(limitNames.map((name) => [name, aNumber(-Infinity)]))),
  documentCache: optionsOf({ maxEntries: aNumber(0), maxBytes: aNumber(0) }),
  introspection: aBoolean,
  strictRootField: aBoolean,
  rules: listOf("validation rules", aFunction()),
  ordering: oneOf("concurrent", "strict"),
  keepAlive: aNumber(1),
  warnAfter: aNumber(1),
  linger: aNumber(0),
  slice: aNumber(1),
  execution: optionsOf({
    concurrency: aNumber(1),
    backlog: aNumber(1),
    backlogInAll: aNumber(1),
    snapshots: aNumber(1),
  }),
  log: aLog,
  clock: aClock,
  ...hookRules,
  ...transportRules,
};

/** @throws FanfareError BAD_OPTION for an option that is unknown, missing or not allowed. */
export function resolveOptions<Context>(options: FanfareOptions<Context>): ResolvedOptions {
  checkOptions("createFanfare", options, rules, { required: ["schema"], cure: schemaFirst });
  if (options.models && options.models.length > 0 && !options.source) {
    throw new FanfareError("BAD_OPTION", `createFanfare: models need a source, whose changes they are about`);
  }
  const { clock = systemClock } = options;
  const { concurrency = 64, backlog = 16_384, backlogInAll = 4_000_000, snapshots = 16 } = options.execution ?? {};
  const { maxEntries = 1_000, maxBytes = 64 * 1024 * 1024 } = options.documentCache ?? {};
  return {
    broker: options.broker ?? memoryBroker({ clock }),
    ownsBroker: options.broker === undefined,
    ...splitLimits(options.limits),
    documentCache: { maxEntries, maxBytes },
    introspection: options.introspection ?? process.env["NODE_ENV"] !== "production",
    keepAlive: options.keepAlive ?? 12_000,
    warnAfter: options.warnAfter ?? 1_000,
    linger: options.linger ?? 5_000,
    slice: options.slice ?? 512,
    execution: { concurrency, backlog, backlogInAll, snapshots },
    formatError: options.formatError ?? maskError,
    log: guardedLog(options.log ?? consoleLog),
    clock,
  };
}

function schemaFirst(value: unknown): string | undefined {
  return isSchema(value) ? "Write createFanfare({ schema })" : undefined;
}

function splitLimits(
  given: Partial<DocumentLimits & TopicLimits & SessionLimits & TransportLimits> = {},
): Pick<ResolvedOptions, "documentLimits" | "topicLimits" | "sessionLimits" | "transportLimits"> {
  const ofGroup = (defaults: object): Readonly<Record<string, number>> =>
    Object.fromEntries(
      Object.entries(given).filter(([name, value]) => value !== undefined && Object.hasOwn(defaults, name)),
    );
  return {
    documentLimits: ofGroup(defaultDocumentLimits),
    topicLimits: topicLimits(ofGroup(defaultTopicLimits)),
    sessionLimits: sessionLimits(ofGroup(defaultSessionLimits)),
    transportLimits: transportLimits(ofGroup(defaultTransportLimits)),
  };
}
