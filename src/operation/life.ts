import type { GraphQLError } from "graphql";
import type { GapReason } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Peer } from "../contract/peer.ts";
import type { Viewer } from "../contract/viewer.ts";
import { consents } from "../declare/consent.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { TopicLike } from "../declare/topic.ts";
import type { Member, RunningSubscription } from "../engine/cohort/member.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import { placeOf } from "../engine/execution/place.ts";
import { hasInitial, type Initial } from "../engine/execution/initial.ts";
import type { Hearing } from "../engine/plan/plan.ts";

/** The reason for the end of an operation. */
export type EndReason = "client" | "server" | "result" | "error" | "closed";

/** A buffer for results that wait behind an initial value, a snapshot or the message that a subscription is live. */
export interface Hold {
  add(deliveries: readonly Delivery[]): void;
  /** Removes and returns the results, in order. */
  take(): readonly Delivery[];
}

/** The state of the part that goes before the events. */
interface First {
  /** Holds results back; undefined once these may go. */
  hold: Hold | undefined;
  /** Whether the snapshot includes an event; undefined before the snapshot was opened, and without one. */
  leavesOut: Initial["leavesOut"];
  /** Whether the server ended the subscription while the snapshot was delivered: it completes after the snapshot. */
  completes: boolean;
}

/**
 * The life of an operation of any kind. It delivers an initial value or snapshot before the events, checks visibility,
 * and tells the end. Results arrive by {@link deliver} and leave by {@link pass}, in order.
 */
export abstract class Life implements Member, OperationHandle {
  // The fields that each delivery reads come first, so that they share a cache line.
  #ended = false;
  /** Undefined unless results are held back, or events that a snapshot includes have to be left out. */
  #first: First | undefined;
  #running: RunningSubscription<Hearing> | undefined;
  #state: Record<string, unknown> | undefined;
  /** The context for the declaration's `onUnsubscribe`; undefined without that hook. */
  #context: unknown;

  abstract readonly id: string;
  abstract readonly name: string | undefined;
  abstract readonly peer: Peer | undefined;
  abstract readonly viewer: Viewer | undefined;

  /** @param state of the operation that this one succeeds. Default: a new one. */
  constructor(state?: Record<string, unknown>) {
    this.#state = state;
  }

  get state(): Record<string, unknown> {
    this.#state ??= {};
    return this.#state;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get running(): RunningSubscription<Hearing> | undefined {
    return this.#running;
  }

  async join(...topics: readonly TopicLike[]): Promise<void> {
    await this.#running?.join(topics);
  }

  async leave(...topics: readonly TopicLike[]): Promise<void> {
    await this.#running?.leave(topics);
  }

  deliver(deliveries: readonly Delivery[]): void {
    if (this.#ended) return;
    const first = this.#first;
    if (!first) this.pass(deliveries);
    else if (first.hold) first.hold.add(deliveries);
    else this.pass(first.leavesOut ? without(deliveries, first.leavesOut) : deliveries);
  }

  complete(): void {
    if (this.#ended) return;
    // A snapshot that is being delivered is completed first: `lead` then completes the operation.
    if (this.#first?.hold && this.#first.leavesOut) return void (this.#first.completes = true);
    this.#release();
    this.sayComplete();
    this.end("server");
  }

  fail(errors: readonly GraphQLError[]): void {
    if (this.#ended) return;
    this.#release();
    this.sayErrors(errors);
    this.end("error");
  }

  /**
   * Whether the viewer may see a result now. Fail-closed: any value of `visible` but true hides it.
   */
  isVisible({ event }: Delivery): boolean {
    const plan = this.#running?.plan;
    if (!event || !plan?.declaration?.visible) return true;
    try {
      const visible: unknown = plan.declaration.visible(event.payload, { viewer: this.viewer, args: plan.args });
      if (typeof visible === "boolean") return visible;
      const place = { ...placeOf(plan, event), operation: this.name };
      return consents(visible, this.log, "A `visible`", "its event was hidden", place);
    } catch (error) {
      const place = { ...placeOf(plan, event), operation: this.name };
      this.log.error("A `visible` failed; its event was hidden", { ...place, error });
      return false;
    }
  }

  abstract gap(reason: GapReason): void;
  abstract conflated(count: number): void;
  abstract overflow(): void;
  abstract overloaded(): void;
  abstract whenReady(delivery?: Delivery): Promise<void> | undefined;
  abstract whenTaken(): Promise<void> | undefined;
  abstract context(): MaybePromise<unknown>;

  protected abstract readonly log: Log;

  /** Hands on results that may go now. */
  protected abstract pass(deliveries: readonly Delivery[]): void;

  /** Hands on a result of an initial value or snapshot. It is called only while {@link whenIdle} is undefined. */
  protected abstract passFirst(delivery: Delivery): void;

  /**
   * Back-pressure: undefined while no result waits for the client; otherwise resolves when it is to be called again.
   */
  protected abstract whenIdle(): Promise<void> | undefined;

  protected abstract hold(): Hold;

  protected abstract sayComplete(): void;

  protected abstract sayErrors(errors: readonly GraphQLError[]): void;

  /** Called once, when the operation has ended: its owner removes it. */
  protected abstract over(why: EndReason): void;

  /** Calls the server's `onUnsubscribe` hook. */
  protected abstract unsubscribed(): MaybePromise<void> | undefined;

  /**
   * Takes over a joined subscription, and resolves when it is live. Its results are held back until {@link lead} if it
   * has an initial value or snapshot, or if `tellsLive`.
   *
   * @param context for the declaration's `onUnsubscribe`.
   * @param tellsLive whether the client gets a message that the subscription is live, before any result.
   */
  protected async follow(running: RunningSubscription<Hearing>, context: unknown, tellsLive = false): Promise<void> {
    const { declaration } = running.plan;
    this.#running = running;
    if (declaration?.onUnsubscribe) this.#context = context;
    if (this.#ended) return this.#leave(running);
    if (tellsLive || hasInitial(declaration)) {
      this.#first = { hold: this.hold(), leavesOut: undefined, completes: false };
    }
    await running.live;
  }

  /**
   * Delivers the initial value or snapshot, at the client's pace, then the held results, and starts the subscription.
   */
  protected async lead(first: () => Promise<Initial>): Promise<void> {
    if (hasInitial(this.#running?.plan.declaration)) await this.#deliverFirst(await first());
    if (this.#ended) return;
    const completes = this.#first?.completes ?? false;
    this.#release();
    if (completes) this.complete();
    else this.#running?.start();
  }

  protected end(why: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#first = undefined;
    this.#running?.end();
    this.over(why);
    if (this.#running) this.#tellEnd(this.#running.plan);
  }

  async #deliverFirst({ deliveries, leavesOut }: Initial): Promise<void> {
    if (this.#first) this.#first.leavesOut = leavesOut;
    for await (const delivery of deliveries) {
      // Back-pressure: at most one result of a snapshot waits, however long the snapshot is.
      for (let idle = this.whenIdle(); idle && !this.#ended; idle = this.whenIdle()) await idle;
      if (this.#ended) return;
      this.passFirst(delivery);
    }
  }

  /** Hands on the held results, and holds no more. */
  #release(): void {
    const first = this.#first;
    if (!first?.hold) return;
    const held = first.hold.take();
    first.hold = undefined;
    if (!first.leavesOut) this.#first = undefined;
    if (held.length > 0) this.deliver(held);
  }

  #leave(running: RunningSubscription<Hearing>): void {
    running.end();
    this.#tellEnd(running.plan);
  }

  #tellEnd({ declaration, args }: Hearing): void {
    void this.#tell(() => declaration?.onUnsubscribe?.(args, this.#context));
    void this.#tell(() => this.unsubscribed());
  }

  /** Calls a hook synchronously, so that `onDisconnect` comes after it. An error is logged; other hooks still run. */
  async #tell(hook: () => MaybePromise<void> | undefined): Promise<void> {
    try {
      await hook();
    } catch (error) {
      const field = this.#running && placeOf(this.#running.plan).field;
      this.log.error("onUnsubscribe failed", { ...(field !== undefined && { field }), operation: this.name, error });
    }
  }
}

function without(deliveries: readonly Delivery[], leavesOut: NonNullable<Initial["leavesOut"]>): readonly Delivery[] {
  return deliveries.filter(({ event }) => !event || !leavesOut(event));
}
