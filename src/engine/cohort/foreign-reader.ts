import type { GraphQLError } from "graphql";
import { blamed } from "../../base/blame.ts";
import { FanfareError } from "../../base/error.ts";
import type { Scheduler } from "../../base/scheduler.ts";
import type { Event, Position } from "../../contract/broker.ts";
import type { Delivery } from "../execution/delivery.ts";
import { toGraphQLError } from "../execution/error-format.ts";
import type { Execution } from "../execution/execution.ts";
import { placeOf } from "../execution/place.ts";
import type { Plan } from "../plan/plan.ts";
import type { ForeignSource } from "./foreign-source.ts";
import type { Member, RunningSubscription } from "./member.ts";

/** Reads a foreign source for one operation, one event at a time and at the client's pace (back-pressure by pull). */
export class ForeignReader implements RunningSubscription {
  readonly plan: Plan;
  readonly cohort: undefined;
  /** Resolved: a foreign source is live as soon as it is opened. */
  readonly live: Promise<readonly Position[]> = Promise.resolve([]);
  readonly #source: AsyncIterator<unknown>;
  readonly #controller: AbortController;
  readonly #member: Member;
  readonly #execution: Execution;
  readonly #scheduler: Scheduler;
  #ended = false;
  #count = 0;

  constructor(
    { events, controller }: ForeignSource,
    plan: Plan,
    member: Member,
    execution: Execution,
    scheduler: Scheduler,
  ) {
    this.#source = events;
    this.#controller = controller;
    this.plan = plan;
    this.#member = member;
    this.#execution = execution;
    this.#scheduler = scheduler;
  }

  /** @throws FanfareError BAD_DECLARATION, since a foreign source has no topics. */
  async join(): Promise<void> {
    throw new FanfareError("BAD_DECLARATION", `Subscription.${this.plan.fieldName} has a source of its own, no topics`);
  }

  leave(): Promise<void> {
    return this.join();
  }

  start(): void {
    void this.#run();
  }

  /** Reads until the source or the operation ends. Never rejects. */
  async #run(): Promise<void> {
    try {
      while (!this.#ended) {
        await this.#member.whenReady();
        // A source that is always ready would stay in the queue of microtasks.
        const time = this.#scheduler.whenTime("low");
        if (time) await time;
        const { done, value } = await this.#source.next();
        if (this.#ended) return;
        if (done) return this.#member.complete();
        const delivery = await this.#deliveryOf(value);
        if (delivery) await this.#deliver(delivery);
      }
    } catch (error) {
      if (!this.#ended) this.#fail(error);
    }
  }

  /** Stops the source without waiting for it: a generator may be suspended in an await for ever. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller.abort();
    this.#leave().catch(() => undefined);
  }

  /** Async, so that a `return` that throws becomes a rejection. */
  async #leave(): Promise<void> {
    await this.#source.return?.();
  }

  /** Waits until the queue has room for this result, whose size is known only after execution. */
  async #deliver(delivery: Delivery): Promise<void> {
    let ready = this.#member.whenReady(delivery);
    while (ready && !this.#ended) {
      await ready;
      ready = this.#member.whenReady(delivery);
    }
    if (!this.#ended) this.#member.deliver([delivery]);
  }

  async #deliveryOf(payload: unknown): Promise<Delivery | undefined> {
    this.#count += 1;
    const event: Event = { topic: "", id: String(this.#count), time: 0, position: "", payload };
    const outcome = await this.#execution.run(this.plan, event, () => this.#member.context());
    return outcome && "bytes" in outcome ? { event: undefined, bytes: outcome.bytes } : undefined;
  }

  #fail(error: unknown): void {
    this.end();
    if (error instanceof FanfareError && error.code === "OVERFLOW") return this.#member.overflow();
    const errors: readonly GraphQLError[] = [toGraphQLError(blamed(error, "subscribe", placeOf(this.plan).field))];
    this.#member.fail(errors);
  }
}
