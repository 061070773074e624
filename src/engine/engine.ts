import { execute, type GraphQLError, type GraphQLSchema, type ValidationRule } from "graphql";
import type { Clock } from "../base/clock.ts";
import type { FanfareError } from "../base/error.ts";
import { Scheduler } from "../base/scheduler.ts";
import type { Broker, Position } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { FormattedResult } from "../contract/request-engine.ts";
import { telemetry } from "../contract/telemetry.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { Triggers } from "../declare/triggers.ts";
import type { OperationRequest } from "../dialects/message.ts";
import { Cohorts } from "./cohort/cohorts.ts";
import { DeclaredFields } from "./declared-fields.ts";
import { DocumentCache } from "./document/document.ts";
import type { DocumentLimits } from "./document/limits.ts";
import { formatResult, type FormatResponse, type ResultFormat } from "./execution/result.ts";
import { toGraphQLError, type ErrorFormatter } from "./execution/error-format.ts";
import { Execution } from "./execution/execution.ts";
import { FanOut } from "./cohort/fan-out.ts";
import { ForeignReader } from "./cohort/foreign-reader.ts";
import { foreignSource, type ForeignSource } from "./cohort/foreign-source.ts";
import { Hub } from "./hub/hub.ts";
import { initialOf, type Initial, type InitialReader, type InitialTools } from "./execution/initial.ts";
import type { Member, RunningSubscription } from "./cohort/member.ts";
import { SnapshotSlots } from "./execution/snapshot-slots.ts";
import { Pressure } from "./cohort/pressure.ts";
import { declaredShareable } from "./plan/sharing.ts";
import { Silence } from "./plan/silence.ts";
import type { Plan } from "./plan/plan.ts";
import type { RootField } from "./plan/root-field.ts";
import { Planner, type ShareBy } from "./plan/planner.ts";
import type { TopicLimits } from "./plan/topic-limits.ts";
import { withoutIncrementalDirectives } from "./document/incremental-directives.ts";
import { prepare, type Prepared } from "./document/prepare.ts";

/** The time of one turn of the event loop in which operations are started, events executed and sources read. */
const turnMilliseconds = 16;

/** The length of a document, and the memory of a request, from which it is prepared after others. */
const longQuery = 1_024;
const largeRequest = 16_384;

/** Options of {@link Engine}, with defaults filled in. */
export interface EngineOptions {
  readonly schema: GraphQLSchema;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly triggers: Triggers;
  readonly shareBy: ShareBy | undefined;
  readonly sharedContext: () => object;
  readonly formatError: ErrorFormatter;
  readonly formatResponse: FormatResponse | undefined;
  readonly documentLimits: Partial<DocumentLimits>;
  readonly documentCache: { readonly maxEntries: number; readonly maxBytes: number };
  readonly topicLimits: TopicLimits;
  readonly introspection: boolean;
  readonly strictRootField: boolean;
  readonly rules: readonly ValidationRule[];
  /** Milliseconds for which a topic stays subscribed after its last listener left. 0: not at all. */
  readonly linger: number;
  /** Members served per turn of the event loop. */
  readonly slice: number;
  /** Events of one cohort whose async executions may run concurrently. */
  readonly concurrency: number;
  /** Events of one cohort that may wait for execution. */
  readonly backlog: number;
  /** Events of all cohorts together that may wait for execution. Infinity: no bound. */
  readonly backlogInAll: number;
  /** Snapshots that are read at the same time. Infinity: no bound. */
  readonly snapshots: number;
  /** Runs a function in the server's own async context. */
  readonly inContext: (callback: () => void) => void;
}

/** A planned subscription, which has to be joined: see {@link Engine.plan}. */
export interface Planned {
  readonly plan: Plan;
  /** The source of a field with a `subscribe` of its own; undefined for a subscription that hears topics. */
  readonly source?: ForeignSource;
  /** The position in each of the plan's topics after which it is to be heard; undefined: from now on. */
  readonly after?: readonly Position[];
}

/** Prepares, plans and executes operations on one schema and one broker. */
export class Engine implements AsyncDisposable {
  /** The schema on which documents are executed. */
  readonly schema: GraphQLSchema;
  readonly documents: DocumentCache;
  readonly hub: Hub;
  /** Cuts starts, executions and the reading of sources into time slices. */
  readonly scheduler: Scheduler;
  readonly fanOut: FanOut;
  readonly cohorts: Cohorts;
  readonly fields: DeclaredFields;
  readonly pressure: Pressure;
  readonly #planner: Planner;
  readonly #execution: Execution;
  readonly #format: ResultFormat;
  readonly #hideSuggestions: boolean;
  readonly #silence: Silence;
  readonly #initialTools: InitialTools;

  constructor(options: EngineOptions) {
    const { broker, clock, log, linger, inContext, introspection } = options;
    const schema = withoutIncrementalDirectives(options.schema);
    this.schema = schema;
    this.documents = new DocumentCache(options.schema, {
      ...options.documentCache,
      limits: options.documentLimits,
      introspection,
      strictRootField: options.strictRootField,
      rules: options.rules,
    });
    this.pressure = new Pressure(clock, options.backlogInAll);
    this.hub = new Hub({ broker, clock, log, linger, inContext, whenReady: () => this.pressure.whenLow() });
    this.scheduler = new Scheduler(clock, turnMilliseconds);
    this.fanOut = new FanOut(this.scheduler, options.slice, inContext);
    this.#hideSuggestions = !introspection;
    this.#format = { formatError: options.formatError, formatResponse: options.formatResponse, log };
    this.#planner = new Planner({
      schema,
      log,
      triggers: options.triggers,
      shareBy: options.shareBy,
      walks: options.formatResponse === undefined,
      maxCompiled: options.documentCache.maxEntries,
      maxCompiledBytes: options.documentCache.maxBytes / 4,
      topicLimits: options.topicLimits,
    });
    this.#execution = new Execution({
      ...this.#format,
      schema,
      sharedContext: options.sharedContext,
      late: (plan, why) => queueMicrotask(() => this.#caughtLate(plan, why)),
    });
    this.#initialTools = { log, scheduler: this.scheduler, slots: new SnapshotSlots(clock, options.snapshots) };
    const { concurrency, backlog } = options;
    const bounds = {
      hub: this.hub,
      fanOut: this.fanOut,
      clock,
      pressure: this.pressure,
      concurrency,
      backlog,
      topicLimits: options.topicLimits,
      inContext,
    };
    this.#silence = new Silence(log);
    this.fields = new DeclaredFields({ ...bounds, initialTools: this.#initialTools, silence: this.#silence });
    this.cohorts = new Cohorts({
      ...bounds,
      executor: this.#execution,
      caught: (plan, why) => this.#caught(plan, why),
    });
  }

  /**
   * Undefined if a request may be prepared now; otherwise resolves when it may be. One that is large, or whose document
   * has yet to be read and is long, comes after others, but before further large ones are read: otherwise all that are
   * waiting would be in memory at the same time, as objects that V8's collector copies again and again.
   *
   * @param bytes the memory of the request, as an estimate.
   */
  whenTimeFor({ query }: OperationRequest, bytes: number): Promise<void> | undefined {
    const isSmall = bytes < largeRequest && (query.length < longQuery || this.documents.has(query));
    return this.scheduler.whenTime(isSmall ? "normal" : "begun");
  }

  prepare(request: OperationRequest): Prepared | { readonly errors: readonly GraphQLError[] } {
    return prepare(this.schema, this.documents, request, this.#hideSuggestions);
  }

  /** Executes a query or a mutation. Never rejects: an error outside of resolvers becomes an error of the result. */
  async execute(
    { document, operation, request }: Prepared,
    context: () => MaybePromise<unknown>,
  ): Promise<FormattedResult> {
    try {
      const result = await execute({
        schema: this.schema,
        document: document.ast,
        contextValue: await context(),
        variableValues: request.variables,
        operationName: request.operationName,
      });
      return formatResult(result, request, this.#format, { operation });
    } catch (error) {
      return formatResult({ errors: [toGraphQLError(error)] }, request, this.#format, { operation });
    }
  }

  /**
   * Compiles a subscription, and opens the source of a field with a `subscribe` of its own. The caller has to join the
   * result, also if the operation has ended meanwhile: the source leaks otherwise.
   *
   * @throws a GraphQLError, or the errors of the declaration's functions.
   */
  plan(prepared: Prepared, context: unknown): MaybePromise<Planned> {
    const planned = this.#planner.plan(prepared, context);
    if (planned instanceof Promise) return planned.then((awaited) => this.#planned(prepared, awaited, context));
    return this.#planned(prepared, planned, context);
  }

  #planned(
    prepared: Prepared,
    { plan, foreign }: { readonly plan: Plan; readonly foreign?: RootField },
    context: unknown,
  ): MaybePromise<Planned> {
    if (foreign) return this.#withSource(prepared, plan, foreign, context);
    this.#silence.tell(plan);
    return { plan };
  }

  /** Starts a planned subscription for a member, which may hear events from then on. */
  join({ plan, source }: Planned, member: Member): RunningSubscription {
    return source
      ? new ForeignReader(source, plan, member, this.#execution, this.scheduler)
      : this.cohorts.join(plan, member);
  }

  /**
   * The initial value or snapshot, which goes before the events of a subscription.
   *
   * @throws the errors of the declaration's functions.
   */
  initial(plan: Plan, context: unknown, reader: InitialReader): Promise<Initial> {
    return initialOf(this.#execution, plan, context, reader, this.#initialTools);
  }

  async #withSource(prepared: Prepared, plan: Plan, foreign: RootField, context: unknown): Promise<Planned> {
    return { plan, source: await foreignSource(this.schema, prepared, foreign, context, plan.queue.messages) };
  }

  /** Called when a shared execution read the context: its document is never shared again. Returns a private plan. */
  #caught(plan: Plan, why: FanfareError): Plan {
    if (!plan.witness.isCurrent) return this.#outdated(plan);
    this.#planner.caught(plan);
    const fields = declaredShareable(this.schema, plan.document.ast);
    const channel = telemetry["sharing.broken"];
    if (channel.hasSubscribers) channel.publish({ fields, why: why.message });
    this.#format.log.error("A field that is declared shareable looks at the viewer; its document is no longer shared", {
      field: `Subscription.${plan.fieldName}`,
      oneOf: fields,
      error: why,
    });
    return alone(plan);
  }

  /** Called when a resolver was replaced. Operations that start now share again if that can be proven anew. */
  #outdated(plan: Plan): Plan {
    this.#format.log.warn("A resolver was replaced; those who had subscribed before no longer share results", {
      field: `Subscription.${plan.fieldName}`,
    });
    return alone(plan);
  }

  /**
   * Called when a resolver, in a function that it has detached, read the context of a shared execution whose result was
   * delivered: from now on its document is not shared. The call comes from the resolver's own stack, or from anywhere.
   */
  #caughtLate(plan: Plan, why: FanfareError): void {
    if (!this.#planner.isCaught(plan)) this.#caught(plan, why);
    const { digest } = plan.document;
    this.cohorts.splitAll(({ audience, document }) => audience === "everyone" && document.digest === digest, alone);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pressure[Symbol.dispose]();
    this.#initialTools.slots[Symbol.dispose]();
    this.scheduler[Symbol.dispose]();
    this.fanOut[Symbol.dispose]();
    await this.hub[Symbol.asyncDispose]();
  }
}

/** The plan of an operation that must not share results with others. */
function alone(plan: Plan): Plan {
  return { ...plan, key: undefined, audience: "session", walk: undefined, lent: undefined };
}
