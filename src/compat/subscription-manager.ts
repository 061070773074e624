import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from "graphql";
import { FanfareError } from "../base/error.ts";
import { pubSubEngineBroker, type PubSubEngineLike } from "../brokers/pubsub-engine.ts";
import { checkOptions } from "../base/option-check.ts";
import { aFunction, aNumber, anObjectWith, anything, aText, mapOf, type Rules, type RulesOf } from "../base/rule.ts";
import type { Log } from "../contract/log.ts";
import { aLog } from "../contract/part-rules.ts";
import type { FormattedResult } from "../contract/request-engine.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import { createFanfare, type Fanfare } from "../fanfare.ts";
import { consoleLog } from "../observe/console-log.ts";
import { guardedLog } from "../observe/guarded-log.ts";
import { triggersOf, type SetupFunctions } from "./setup-functions.ts";

/** Options of a manager: an existing server, or a schema and an engine of which it creates its own server. */
export type ManagerOptions<Context = unknown> = {
  /**
   * The largest number of running subscriptions, at least 1; one more is refused. Default 10,000; Infinity: no limit.
   */
  readonly subscriptions?: number;
  /** Where callbacks that throw are logged. Default: the standard error stream. */
  readonly log?: Log;
} & (
  | {
      /** The server. The manager does not dispose it. */
      readonly fanfare: Pick<Fanfare<Context>, "publish" | "subscribe">;
    }
  | {
      readonly schema: GraphQLSchema;
      /** The engine that events travel by. The manager does not close it. */
      readonly pubsub: PubSubEngineLike;
      readonly setupFunctions?: SetupFunctions;
    }
);

/**
 * Gets an event's result, or the error that ended the subscription. If it returns a promise, further results wait for
 * that.
 */
export type SubscriptionCallback = (error: unknown, result?: FormattedResult) => unknown;

/** Options of {@link SubscriptionManager.subscribe}. */
export interface ManagedSubscription<Context = unknown> {
  readonly query: string;
  readonly callback: SubscriptionCallback;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  /** The context, or a function that makes a context for each event. */
  readonly context?: Context | (() => MaybePromise<Context>);
  /** Formats the errors in this subscription's results, after the server's `formatError`. */
  readonly formatError?: (error: GraphQLFormattedError) => GraphQLFormattedError;
  /** Transforms the results of this subscription. */
  readonly formatResponse?: (result: FormattedResult, options: ManagedSubscription<Context>) => FormattedResult;
}

/** The schema and the engine are checked where they go: by `createFanfare` and `pubSubEngineBroker`. */
const rules: Rules = {
  subscriptions: aNumber(1),
  log: aLog,
  fanfare: anObjectWith("a Fanfare, which createFanfare() returns", ["publish", "subscribe"]),
  schema: anything,
  pubsub: anything,
  setupFunctions: mapOf("functions by the names of subscription fields", aFunction()),
};

const subscribeRules: RulesOf<ManagedSubscription> = {
  query: aText(),
  callback: aFunction(),
  operationName: anything,
  variables: anything,
  context: anything,
  formatError: aFunction(),
  formatResponse: aFunction(),
};

type Results = Awaited<ReturnType<Fanfare["subscribe"]>>;
type Step = IteratorResult<FormattedResult>;

/**
 * The `SubscriptionManager` of graphql-subscriptions 0.3 and its ports: subscriptions by number, results by callback.
 */
export class SubscriptionManager<Context = unknown> implements AsyncDisposable {
  readonly #fanfare: Pick<Fanfare<Context>, "publish" | "subscribe">;
  readonly #own = new AsyncDisposableStack();
  readonly #limit: number;
  readonly #log: Log;
  readonly #running = new Map<number, Results>();
  #starting = 0;
  #count = 0;

  /** @throws FanfareError BAD_OPTION for an option that is unknown, missing or not allowed. */
  constructor(options: ManagerOptions<Context>) {
    checkOptions("SubscriptionManager", options, rules, {
      required: "fanfare" in Object(options) ? ["fanfare"] : ["schema", "pubsub"],
    });
    this.#limit = options.subscriptions ?? 10_000;
    this.#log = guardedLog(options.log ?? consoleLog);
    if ("fanfare" in options) {
      this.#fanfare = options.fanfare;
      return;
    }
    const { schema, pubsub, setupFunctions = {} } = options;
    const broker = this.#own.use(pubSubEngineBroker(pubsub));
    this.#fanfare = this.#own.use(
      createFanfare<Context>({
        schema,
        broker,
        triggers: triggersOf(setupFunctions),
        strictRootField: true,
        log: this.#log,
      }),
    );
  }

  /** The number of running subscriptions. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Starts a subscription. Resolves with its number, counted from 0, when it is live: each event that is published from
   * then on is delivered.
   *
   * @throws SubscriptionRefused with all `errors` of an invalid document, or of a field that refused; GraphQLError
   * TOO_MANY_OPERATIONS above the limit; FanfareError BROKER_UNAVAILABLE when the broker could not confirm the
   * subscription; CLOSED after disposal.
   */
  async subscribe(options: ManagedSubscription<Context>): Promise<number> {
    if (this.#own.disposed) throw new FanfareError("CLOSED", "This SubscriptionManager was disposed");
    if (this.#running.size + this.#starting >= this.#limit) throw tooMany(this.#limit);
    checkOptions("subscribe", options, subscribeRules, { required: ["query", "callback"] });
    this.#starting += 1;
    try {
      return await this.#subscribe(options);
    } finally {
      this.#starting -= 1;
    }
  }

  /** Ends a subscription. @throws FanfareError CLOSED for an unknown number, or one whose subscription has ended. */
  unsubscribe(id: number): void {
    const results = this.#running.get(id);
    if (!results) throw new FanfareError("CLOSED", `There is no subscription ${id}`);
    this.#running.delete(id);
    void results[Symbol.asyncDispose]();
  }

  /** Resolves when the event is stored. @throws FanfareError EVENT_NOT_STORED, EVENT_UNKNOWN, CLOSED. */
  async publish(trigger: string, payload: unknown): Promise<void> {
    await this.#fanfare.publish(trigger, payload);
  }

  /** Ends all subscriptions; their callbacks are not called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const results of running) await results[Symbol.asyncDispose]();
    await this.#own.disposeAsync();
  }

  async #subscribe(options: ManagedSubscription<Context>): Promise<number> {
    const { query, operationName, variables, context } = options;
    const results = await this.#fanfare.subscribe({
      query,
      operationName: operationName ?? undefined,
      variables: variables ?? undefined,
      ...(context !== undefined && { context }),
    });
    if (this.#own.disposed) {
      await results[Symbol.asyncDispose]();
      throw new FanfareError("CLOSED", "This SubscriptionManager was disposed");
    }
    const first = results.next();
    // The errors of a refused operation are its only result, which is available by now.
    const early = await Promise.race([first, Promise.resolve(undefined)]);
    const refusal = early && !early.done && !("data" in early.value) ? early.value.errors : undefined;
    if (refusal) {
      await results[Symbol.asyncDispose]();
      throw new SubscriptionRefused(options.formatError ? refusal.map(options.formatError) : refusal);
    }
    const id = this.#count++;
    this.#running.set(id, results);
    void this.#read(id, results, first, options);
    return id;
  }

  async #read(
    id: number,
    results: Results,
    first: Promise<Step>,
    options: ManagedSubscription<Context>,
  ): Promise<void> {
    try {
      for (let step = await first; !step.done && this.#running.has(id); step = await results.next()) {
        const { value } = step;
        await this.#call(id, () => options.callback(null, formatted(value, options)));
      }
    } catch (error) {
      if (this.#running.has(id)) await this.#call(id, () => options.callback(error));
    } finally {
      this.#running.delete(id);
    }
  }

  /** Calls a callback; a failure is logged, and ends no subscription. */
  async #call(id: number, callback: () => unknown): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.#log.error("The callback of a subscription failed", { subscription: id, error });
    }
  }
}

function formatted<Context>(result: FormattedResult, options: ManagedSubscription<Context>): FormattedResult {
  const { formatError, formatResponse } = options;
  const worded =
    formatError && result.errors ? { ...result, errors: result.errors.map((error) => formatError(error)) } : result;
  return formatResponse ? formatResponse(worded, options) : worded;
}

function tooMany(limit: number): GraphQLError {
  return new GraphQLError(`A manager may run ${limit} subscriptions`, { extensions: { code: "TOO_MANY_OPERATIONS" } });
}

/** The error of a subscription that could not be started: its document is invalid, or its field refused it. */
export class SubscriptionRefused extends Error {
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super("Subscription query has validation errors");
    this.name = "SubscriptionRefused";
    this.errors = errors;
  }
}
