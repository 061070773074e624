import {
  defaultFieldResolver,
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from "graphql";
import { blamed } from "../../base/blame.ts";
import { FanfareError } from "../../base/error.ts";
import { valueKind } from "../../base/value-kind.ts";
import type { Event } from "../../contract/broker.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import { handOver } from "../../declare/handover.ts";
import { Resolved } from "../../declare/resolved.ts";
import { SKIP, SkipError } from "../../declare/skip.ts";
import { valueOf } from "../../declare/subscription.ts";
import { formatResult, resultText, type ResultFormat } from "./result.ts";
import { toGraphQLError } from "./error-format.ts";
import { deliveryOf, type Delivery } from "./delivery.ts";
import { EventExecutor } from "./event-executor.ts";
import { passes, type Executor, type Outcome } from "./executor.ts";
import { placeOf } from "./place.ts";
import { rootOf, type ContextSource, type Plan, type Root } from "../plan/plan.ts";
import { SharedContext } from "../context-guard.ts";
import { isPromise, settle, silence } from "../../base/thenable.ts";
import { isSource, read, Reads, Thrown } from "../walk/reads.ts";
import type { Walk } from "../walk/walk.ts";

/** Options of {@link Execution}. */
export interface ExecutionOptions extends ResultFormat {
  readonly schema: GraphQLSchema;
  /** Returns the context of a shared execution. */
  readonly sharedContext: () => object;
  /** Called when the context of a shared execution is read after the execution has its outcome. */
  readonly late: (plan: Plan, why: FanfareError) => void;
}

/** Executes a plan for an event: filter, value, result, bytes. */
export class Execution implements Executor<Plan> {
  readonly #options: ExecutionOptions;
  readonly #events: EventExecutor;
  /** For operations whose documents are formatted differently: locations would be those of one of them. */
  readonly #withoutLocations: ResultFormat;
  /** Of a walk that has just given up. */
  #reads: Reads | undefined;
  readonly #giveUp = (reads: Reads): void => void (this.#reads = reads);

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#events = new EventExecutor(options.schema);
    const { formatError } = options;
    this.#withoutLocations = { ...options, formatError: (...given) => withoutLocations(formatError(...given)) };
  }

  run(plan: Plan, event: Event, context: ContextSource): MaybePromise<Outcome> {
    const filter = plan.filter;
    if (!filter) return this.#value(plan, event, context);
    return settle(
      () => filter(event, context),
      (answer) => {
        if (plan.lent?.broken) return { broken: plan.lent.broken };
        return passes(answer, plan, event, this.#options.log) ? this.#value(plan, event, context) : undefined;
      },
      (error) => {
        if (plan.lent?.broken) return { broken: plan.lent.broken };
        const place = placeOf(plan, event);
        this.#options.log.error("A filter failed; its event was not delivered", { ...place, error });
        return undefined;
      },
    );
  }

  runAlone(plan: Plan, event: Event, context: ContextSource): MaybePromise<Outcome> {
    return this.run({ ...plan, key: undefined, audience: "session", lent: undefined }, event, context);
  }

  ofValue(plan: Plan, value: unknown, context: unknown): MaybePromise<Delivery> {
    return settle(
      () => this.#execute(plan, undefined, Resolved.value(value), context),
      (result) => this.#delivery(plan, result, undefined),
      (error) => this.#failure(plan, error, undefined),
    );
  }

  #value(plan: Plan, event: Event, context: ContextSource): MaybePromise<Outcome> {
    if (plan.audience === "everyone") return this.#shared(plan, event);
    return settle(
      context,
      (fresh) => this.#private(plan, event, fresh),
      (error) => this.#failure(plan, error, event),
    );
  }

  #shared(plan: Plan, event: Event): MaybePromise<Outcome> {
    if (!plan.witness.isCurrent) return { broken: new FanfareError("SHARING_BROKEN", "A resolver was replaced") };
    const value = this.#start(plan, event, undefined, rootOf(plan.declaration, plan.field));
    if (value === SKIP) return undefined;
    const text = plan.walk && this.#walk(plan, plan.walk, value);
    if (text !== undefined) return deliveryOf(event, text);
    const reads = this.#takeReads();
    return settle(
      () => new SharedContext(sharedContextOf(this.#options), (why) => this.#options.late(plan, why)),
      (shared) => this.#guarded(plan, event, value, shared, reads),
      (error) => this.#failure(plan, error, event),
    );
  }

  #guarded(
    plan: Plan,
    event: Event,
    value: unknown,
    shared: SharedContext,
    reads: Reads | undefined,
  ): MaybePromise<Outcome> {
    const checked = (outcome: Outcome): Outcome => {
      const broken = shared.settle();
      return broken ? { broken } : outcome;
    };
    const from = rootOf(plan.declaration, plan.field);
    const outcome = this.#resolved(plan, event, value, from, shared.proxy, sharedFieldResolver(shared, reads));
    return outcome instanceof Promise ? outcome.then(checked) : checked(outcome);
  }

  #walk(plan: Plan, walk: Walk, value: unknown): string | undefined {
    if (value instanceof Resolved || value instanceof Promise) return undefined;
    if (plan.declaration) return typeof value === "function" ? undefined : walk(value, this.#giveUp);
    if (!isSource(value)) return undefined;
    const root = read(value, plan.fieldName);
    const text = root instanceof Thrown || typeof root === "function" ? undefined : walk(root, this.#giveUp);
    if (text === undefined) (this.#reads ??= new Reads()).add(value, plan.fieldName, root);
    return text;
  }

  /** What the walk of this event has read before it gave up. */
  #takeReads(): Reads | undefined {
    const reads = this.#reads;
    this.#reads = undefined;
    return reads;
  }

  #private(plan: Plan, event: Event, context: unknown): MaybePromise<Outcome> {
    const from = rootOf(plan.declaration, plan.field);
    return this.#resolved(plan, event, this.#start(plan, event, context, from), from, context);
  }

  /**
   * The root value of an execution, or a promise for it. A value whose getter `then` throws counts as a resolver's
   * error.
   */
  #start(plan: Plan, event: Event, context: unknown, from: Root): unknown {
    if (!plan.declaration || from === "event") return event.payload;
    try {
      const value = valueOf(plan.declaration, event.payload, plan.args, context);
      return isPromise(value) ? Promise.resolve(value) : value;
    } catch (error) {
      return Resolved.failure(error);
    }
  }

  /** The outcome of a root value, which may be a promise. */
  #resolved(
    plan: Plan,
    event: Event,
    value: unknown,
    from: Root,
    context: unknown,
    fieldResolver?: GraphQLFieldResolver<unknown, unknown>,
  ): MaybePromise<Outcome> {
    if (from === "value" && value instanceof Promise) {
      return value.then(
        (awaited) => this.#resolved(plan, event, awaited, from, context, fieldResolver),
        (error: unknown) => this.#resolved(plan, event, Resolved.failure(error), from, context, fieldResolver),
      );
    }
    if (value === SKIP) return undefined;
    const computed = value instanceof Resolved ? value : Resolved.value(value);
    return settle(
      () => this.#execute(plan, event.payload, from === "value" ? computed : undefined, context, fieldResolver),
      (result) => (isSkipped(result) ? undefined : this.#delivery(plan, result, event)),
      (error) => this.#failure(plan, error, event),
    );
  }

  /** @param computed the value of the root field, if its resolver need not be called for it. */
  #execute(
    plan: Plan,
    payload: unknown,
    computed: Resolved | undefined,
    contextValue: unknown,
    fieldResolver: GraphQLFieldResolver<unknown, unknown> = defaultFieldResolver,
  ): MaybePromise<ExecutionResult> {
    const { declaration, field } = plan;
    if (computed && declaration && rootOf(declaration, field) === "value") {
      const execute = () => this.#events.execute(plan, { rootValue: payload, contextValue, fieldResolver });
      return handOver({ declaration, value: computed }, execute);
    }
    // A resolver around the declared one hands its source on, which may be later.
    return this.#events.execute(plan, { rootValue: computed ?? payload, contextValue, fieldResolver });
  }

  #delivery(plan: Plan, result: ExecutionResult, event: Event | undefined): Delivery {
    const format = plan.formatting?.isCommon === false ? this.#withoutLocations : this.#options;
    const formatted = formatResult(result, plan.request, format, plan, event);
    return deliveryOf(event, resultText(formatted, this.#options.log, plan, event));
  }

  #failure(plan: Plan, error: unknown, event: Event | undefined): Delivery {
    return this.#delivery(plan, { errors: [toGraphQLError(error)], data: null }, event);
  }
}

/** @throws the error of the option `sharedContext`; FanfareError BAD_OPTION unless its answer is an object. */
function sharedContextOf(options: ExecutionOptions): object {
  try {
    const answer: unknown = options.sharedContext();
    if (typeof answer === "object" && answer !== null && !isPromise(answer)) return answer;
    silence(answer);
    throw new FanfareError("BAD_OPTION", `sharedContext must answer with an object, not with ${valueKind(answer)}`);
  } catch (error) {
    throw blamed(error, "sharedContext");
  }
}

/**
 * graphql-js's default resolver, except that a function on the source breaks sharing, since it gets the context.
 *
 * @param reads what a walk has read already; undefined if no walk has begun.
 */
function sharedFieldResolver(shared: SharedContext, reads: Reads | undefined): GraphQLFieldResolver<unknown, unknown> {
  return (source, args, context, info) => {
    if (!isSource(source)) return undefined;
    const property: unknown = reads ? reads.take(source, info.fieldName) : source[info.fieldName];
    if (typeof property !== "function") return property;
    shared.break(`${info.parentType.name}.${info.fieldName} is a function of its source`);
    return Reflect.apply(property, source, [args, context, info]);
  };
}

function withoutLocations(error: GraphQLFormattedError): GraphQLFormattedError {
  const { locations: _, ...rest } = error;
  return rest;
}

/** Whether a resolver that other code has wrapped threw a skip. */
function isSkipped(result: ExecutionResult): boolean {
  return result.errors?.some((error) => error.originalError instanceof SkipError) ?? false;
}
