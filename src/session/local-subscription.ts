import type { GraphQLError } from "graphql";
import { FanfareError } from "../base/error.ts";
import { PushIterator } from "../base/push-iterator.ts";
import type { GapReason } from "../contract/broker.ts";
import type { FormattedResult } from "../contract/request-engine.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { TopicLike } from "../declare/topic.ts";
import type { OperationRequest } from "../dialects/message.ts";
import type { Cohort } from "../engine/cohort.ts";
import type { Engine } from "../engine/engine.ts";
import type { FormatError } from "../engine/error-format.ts";
import { toGraphQLError } from "../engine/error-format.ts";
import type { Delivery } from "../engine/delivery.ts";
import type { Member } from "../engine/member.ts";
import type { RunningSubscription } from "../engine/running-subscription.ts";
import { contextWith } from "./context.ts";

export interface LocalSubscriptionOptions {
  readonly engine: Engine;
  readonly formatError: FormatError;
  readonly request: OperationRequest;
  /** Called for each execution. */
  readonly context: () => MaybePromise<unknown>;
  /** Results that may wait for the reader; one more ends the iteration with OVERFLOW. */
  readonly limit: number;
  readonly onEnd: () => void;
}

const decoder = new TextDecoder();

/** A subscription without a socket: an async iterator of results for code in the same process. */
export class LocalSubscription implements Member, OperationHandle {
  readonly id: string = "local";
  readonly state: Record<string, unknown> = {};
  readonly results: PushIterator<FormattedResult>;
  readonly #options: LocalSubscriptionOptions;
  #running: RunningSubscription | undefined;
  #ended = false;

  constructor(options: LocalSubscriptionOptions) {
    this.#options = options;
    this.results = new PushIterator(options.limit, () => this.#end());
  }

  get name(): string | undefined {
    return this.#options.request.operationName;
  }

  /** Resolves when every event that is published from then on will be heard. What is wrong is the only result. */
  async start(): Promise<void> {
    const { engine, request } = this.#options;
    const prepared = engine.prepare(request);
    if ("errors" in prepared) return this.fail(prepared.errors);
    try {
      const context = await this.context();
      if (prepared.operation.operation !== "subscription") {
        this.results.push(await engine.execute(prepared, () => context));
        return this.results.end();
      }
      await engine.subscribe(prepared, this, context);
      await this.#running?.live;
      const initial = this.#running && (await engine.initial(this.#running.plan, context));
      if (initial) this.deliver([initial]);
      this.#running?.start();
    } catch (error) {
      if (error instanceof FanfareError) this.results.fail(error);
      else this.fail([toGraphQLError(error)]);
    }
  }

  async join(...topics: readonly TopicLike[]): Promise<void> {
    await this.#running?.join(topics);
  }

  async leave(...topics: readonly TopicLike[]): Promise<void> {
    await this.#running?.leave(topics);
  }

  subscribed(running: RunningSubscription): void {
    this.#running = running;
    if (this.#ended) running.end();
  }

  moved(cohort: Cohort): void {
    this.#running?.moved(cohort);
  }

  deliver(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      if (this.#isVisible(delivery)) this.results.push(JSON.parse(decoder.decode(delivery.bytes)));
    }
  }

  gap(reason: GapReason): void {
    this.results.push({ extensions: { fanfare: { gap: { reason } } } });
  }

  complete(): void {
    this.results.end();
  }

  fail(errors: readonly GraphQLError[]): void {
    this.results.push({ errors: errors.map(this.#options.formatError) });
    this.results.end();
  }

  overflow(): void {
    this.results.fail(new FanfareError("OVERFLOW", "The reader is too far behind"));
  }

  whenReady(): undefined {
    return undefined;
  }

  context(): MaybePromise<unknown> {
    return contextWith(this.#options.context(), this);
  }

  #isVisible({ event }: Delivery): boolean {
    const plan = this.#running?.plan;
    if (!event || !plan?.declaration?.visible) return true;
    return plan.declaration.visible(event.payload, { viewer: undefined, args: plan.args });
  }

  #end(): void {
    this.#ended = true;
    this.#running?.end();
    this.#options.onEnd();
  }
}
