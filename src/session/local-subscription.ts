import type { GraphQLError } from "graphql";
import { FanfareError } from "../base/error.ts";
import { PushIterator } from "../base/push-iterator.ts";
import type { Event, GapReason } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { FormattedResult } from "../contract/request-engine.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { TopicLike } from "../declare/topic.ts";
import type { OperationRequest } from "../dialects/message.ts";
import type { Member, RunningSubscription } from "../engine/cohort/member.ts";
import type { Engine } from "../engine/engine.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import { toGraphQLError, type FormatError } from "../engine/execution/error-format.ts";
import { hasInitial, type Initial } from "../engine/execution/initial.ts";
import { contextWith } from "./context.ts";

export interface LocalSubscriptionOptions {
  readonly engine: Engine;
  readonly formatError: FormatError;
  readonly log: Log;
  readonly request: OperationRequest;
  /** Called for each execution. */
  readonly context: () => MaybePromise<unknown>;
  /** Results that may wait for the reader; one more ends the iteration with OVERFLOW. */
  readonly limit: number;
  readonly onEnd: () => void;
}

/** A result, and the event that it is of. */
interface Held {
  readonly event: Event | undefined;
  readonly result: FormattedResult;
}

const decoder = new TextDecoder();

/** A subscription without a socket: an async iterator of results for code in the same process. */
export class LocalSubscription implements Member, OperationHandle {
  readonly id: string = "local";
  readonly peer: undefined;
  readonly viewer: undefined;
  readonly state: Record<string, unknown> = {};
  readonly results: PushIterator<FormattedResult>;
  readonly #options: LocalSubscriptionOptions;
  #name: string | undefined;
  #running: RunningSubscription | undefined;
  /** Kept for the declaration's `onUnsubscribe` alone. */
  #context: unknown;
  /** What came before the initial value was there; undefined when it is, or when there is none. */
  #held: Held[] | undefined;
  /** Events that its snapshot showed already. */
  #leavesOut: Initial["leavesOut"];
  /** Its topics have ended while its snapshot was being delivered. */
  #completes = false;
  #ended = false;

  constructor(options: LocalSubscriptionOptions) {
    this.#options = options;
    this.results = new PushIterator(options.limit, () => this.#end());
  }

  get name(): string | undefined {
    return this.#name;
  }

  /** Resolves when every event that is published from then on will be heard. What is wrong is the only result. */
  async start(): Promise<void> {
    const { engine, request } = this.#options;
    const prepared = engine.prepare(request);
    if ("errors" in prepared) return this.fail(prepared.errors);
    this.#name = prepared.operation.name?.value;
    try {
      const context = await this.context();
      if (prepared.operation.operation !== "subscription") {
        this.results.push(await engine.execute(prepared, () => context));
        return this.results.end();
      }
      this.#context = context;
      const running = engine.join(await engine.plan(prepared, context), this);
      this.#running = running;
      if (this.#ended) {
        running.end();
        return void this.#unsubscribed(running);
      }
      await this.#begin(running, context);
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

  deliver(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      if (!this.#isVisible(delivery)) continue;
      this.#push({ event: delivery.event, result: JSON.parse(decoder.decode(delivery.bytes)) });
    }
  }

  gap(reason: GapReason): void {
    this.#push({ event: undefined, result: { extensions: { fanfare: { gap: { reason } } } } });
  }

  complete(): void {
    // A snapshot that is being delivered has an end of its own.
    if (this.#held && this.#leavesOut) return void (this.#completes = true);
    this.#release();
    this.results.end();
  }

  fail(errors: readonly GraphQLError[]): void {
    this.#release();
    this.results.push({ errors: errors.map(this.#options.formatError) });
    this.results.end();
  }

  conflated(count: number): void {
    this.#push({ event: undefined, result: { extensions: { fanfare: { conflated: count } } } });
  }

  overloaded(): void {}

  whenTaken(): Promise<void> | undefined {
    return this.results.whenTaken();
  }

  overflow(): void {
    this.results.fail(new FanfareError("OVERFLOW", "The reader is too far behind"));
  }

  whenReady(): Promise<void> | undefined {
    return this.results.whenReady();
  }

  context(): MaybePromise<unknown> {
    return contextWith(this.#options.context(), this);
  }

  async #begin(running: RunningSubscription, context: unknown): Promise<void> {
    if (hasInitial(running.plan.declaration)) this.#held = [];
    await running.live;
    // Not waited for: a snapshot is as long as it likes, and its reader reads only after the start.
    if (this.#held) void this.#deliverInitial(running, context);
    else running.start();
  }

  /** Never rejects. */
  async #deliverInitial(running: RunningSubscription, context: unknown): Promise<void> {
    try {
      const { deliveries, leavesOut } = await this.#options.engine.initial(running.plan, context);
      this.#leavesOut = leavesOut;
      for await (const delivery of deliveries) {
        await this.results.whenReady();
        if (this.#ended) return;
        if (this.#isVisible(delivery)) this.results.push(JSON.parse(decoder.decode(delivery.bytes)));
      }
      this.#release();
      if (this.#completes) this.complete();
      else running.start();
    } catch (error) {
      this.fail([toGraphQLError(error)]);
    }
  }

  #push(held: Held): void {
    if (!this.#held) this.#pass(held);
    else if (this.#held.length < this.#options.limit) this.#held.push(held);
    else this.overflow();
  }

  #pass({ event, result }: Held): void {
    if (!event || !this.#leavesOut?.(event)) this.results.push(result);
  }

  #release(): void {
    for (const held of this.#held ?? []) this.#pass(held);
    this.#held = undefined;
  }

  #isVisible({ event }: Delivery): boolean {
    const plan = this.#running?.plan;
    if (!event || !plan?.declaration?.visible) return true;
    try {
      const visible: unknown = plan.declaration.visible(event.payload, { viewer: undefined, args: plan.args });
      return visible === true;
    } catch (error) {
      this.#options.log.error("A `visible` failed; its event was hidden", { operation: this.#name, error });
      return false;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#running?.end();
    this.#options.onEnd();
    if (this.#running) void this.#unsubscribed(this.#running);
  }

  async #unsubscribed({ plan }: RunningSubscription): Promise<void> {
    try {
      await plan.declaration?.onUnsubscribe?.(plan.args, this.#context);
    } catch (error) {
      this.#options.log.error("onUnsubscribe failed", { operation: this.#name, error });
    }
  }
}
