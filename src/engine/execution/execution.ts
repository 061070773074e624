import {
  defaultFieldResolver,
  execute,
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from "graphql";
import type { Event } from "../../contract/broker.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import { Resolved } from "../../declare/resolved.ts";
import { SKIP, SkipError } from "../../declare/skip.ts";
import { valueOf } from "../../declare/subscription.ts";
import { formatResult, resultText, type ResultFormat } from "./result.ts";
import { toGraphQLError } from "./error-format.ts";
import { deliveryOf, type Delivery } from "./delivery.ts";
import type { Executor, Outcome } from "./executor.ts";
import type { ContextSource, Plan } from "../plan/plan.ts";
import { SharedContext } from "../context-guard.ts";
import { isPromise, settle } from "../../base/thenable.ts";
import type { Walk } from "../walk/walk.ts";

export interface ExecutionOptions extends ResultFormat {
  readonly schema: GraphQLSchema;
  /** What a shared execution may see. */
  readonly sharedContext: () => object;
}

/** Runs one event through a plan: filter, value, result, bytes. */
export class Execution implements Executor<Plan> {
  readonly #options: ExecutionOptions;

  constructor(options: ExecutionOptions) {
    this.#options = options;
  }

  run(plan: Plan, event: Event, context: ContextSource): MaybePromise<Outcome> {
    const filter = plan.filter;
    if (!filter) return this.#value(plan, event, context);
    return settle(
      () => filter(event, context),
      (passed) => {
        if (plan.lent?.broken) return { broken: plan.lent.broken };
        return passed ? this.#value(plan, event, context) : undefined;
      },
      (error) => {
        if (plan.lent?.broken) return { broken: plan.lent.broken };
        this.#options.log.error("A filter failed; its event was not delivered", { field: plan.fieldName, error });
        return undefined;
      },
    );
  }

  runAlone(plan: Plan, event: Event, context: ContextSource): MaybePromise<Outcome> {
    return this.run({ ...plan, key: undefined, audience: "session", lent: undefined }, event, context);
  }

  ofValue(plan: Plan, value: unknown, context: unknown): MaybePromise<Delivery> {
    return settle(
      () => this.#execute(plan, Resolved.value(value), context),
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
    const value = this.#start(plan, event, undefined);
    if (value === SKIP) return undefined;
    const text = plan.walk && this.#walk(plan, plan.walk, value);
    if (text !== undefined) return deliveryOf(event, text);
    return settle(
      () => new SharedContext(this.#options.sharedContext()),
      (shared) => this.#guarded(plan, event, value, shared),
      (error) => this.#failure(plan, error, event),
    );
  }

  #guarded(plan: Plan, event: Event, value: unknown, shared: SharedContext): MaybePromise<Outcome> {
    const checked = (outcome: Outcome): Outcome => (shared.broken === undefined ? outcome : { broken: shared.broken });
    const outcome = this.#resolved(plan, event, value, shared.proxy, sharedFieldResolver(shared));
    return outcome instanceof Promise ? outcome.then(checked) : checked(outcome);
  }

  #walk(plan: Plan, walk: Walk, value: unknown): string | undefined {
    if (value instanceof Resolved || value instanceof Promise) return undefined;
    try {
      const root = plan.declaration ? value : propertyOf(value, plan.fieldName);
      return typeof root === "function" ? undefined : walk(root);
    } catch {
      // A property that throws: graphql-js says so.
      return undefined;
    }
  }

  #private(plan: Plan, event: Event, context: unknown): MaybePromise<Outcome> {
    return this.#resolved(plan, event, this.#start(plan, event, context), context);
  }

  /**
   * What execution starts from, which may still be a promise. A value that throws when it is asked whether it is one
   * has failed like a resolver.
   */
  #start(plan: Plan, event: Event, context: unknown): unknown {
    if (!plan.declaration || plan.root === "event") return event.payload;
    try {
      const value = valueOf(plan.declaration, event.payload, plan.args, context);
      return isPromise(value) ? Promise.resolve(value) : value;
    } catch (error) {
      return Resolved.failure(error);
    }
  }

  /** From the root value, which may still be a promise, to the bytes of its result. */
  #resolved(
    plan: Plan,
    event: Event,
    value: unknown,
    context: unknown,
    fieldResolver?: GraphQLFieldResolver<unknown, unknown>,
  ): MaybePromise<Outcome> {
    if (plan.root === "value" && value instanceof Promise) {
      return value.then(
        (awaited) => this.#resolved(plan, event, awaited, context, fieldResolver),
        (error: unknown) => this.#resolved(plan, event, Resolved.failure(error), context, fieldResolver),
      );
    }
    if (value === SKIP) return undefined;
    const computed = plan.root === "event" || value instanceof Resolved ? value : Resolved.value(value);
    return settle(
      () => this.#execute(plan, computed, context, fieldResolver),
      (result) => (isSkipped(result) ? undefined : this.#delivery(plan, result, event)),
      (error) => this.#failure(plan, error, event),
    );
  }

  #execute(
    plan: Plan,
    rootValue: unknown,
    contextValue: unknown,
    fieldResolver: GraphQLFieldResolver<unknown, unknown> = defaultFieldResolver,
  ): MaybePromise<ExecutionResult> {
    return execute({
      schema: this.#options.schema,
      document: plan.document.ast,
      rootValue,
      contextValue,
      variableValues: plan.request.variables,
      operationName: plan.request.operationName,
      fieldResolver,
    });
  }

  #delivery(plan: Plan, result: ExecutionResult, event: Event | undefined): Delivery {
    const formatted = formatResult(result, plan.request, this.#options);
    return deliveryOf(event, resultText(formatted, this.#options.log));
  }

  #failure(plan: Plan, error: unknown, event: Event | undefined): Delivery {
    return this.#delivery(plan, { errors: [toGraphQLError(error)], data: null }, event);
  }
}

/** Like graphql-js's default resolver, but a function on the source would be handed the context: it may not be shared. */
function sharedFieldResolver(shared: SharedContext): GraphQLFieldResolver<unknown, unknown> {
  return (source, args, context, info) => {
    if (typeof propertyOf(source, info.fieldName) === "function") {
      shared.break(`${info.parentType.name}.${info.fieldName} is a function of its source`);
    }
    return defaultFieldResolver(source, args, context, info);
  };
}

function propertyOf(source: unknown, name: string): unknown {
  return (typeof source === "object" && source !== null) || typeof source === "function"
    ? Reflect.get(source, name)
    : undefined;
}

/** A skip that was thrown through resolvers which other code has wrapped. */
function isSkipped(result: ExecutionResult): boolean {
  return result.errors?.some((error) => error.originalError instanceof SkipError) ?? false;
}
