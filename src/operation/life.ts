import type { GraphQLError } from "graphql";
import { isPromise, silence } from "../base/thenable.ts";
import type { GapReason } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Peer } from "../contract/peer.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { TopicLike } from "../declare/topic.ts";
import type { Member, RunningSubscription } from "../engine/cohort/member.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import { hasInitial, type Initial } from "../engine/execution/initial.ts";
import type { Hearing } from "../engine/plan/plan.ts";

/** Why an operation is over. */
export type EndReason = "client" | "server" | "result" | "error" | "closed";

/** Where results wait while something else goes first. */
export interface Hold {
  add(deliveries: readonly Delivery[]): void;
  /** Gives them back in their order. */
  take(): readonly Delivery[];
}

/** What goes first. */
interface First {
  /** Undefined when that is over. */
  hold: Hold | undefined;
  /** Whether an event is shown by it already; undefined until it is known, and for an initial value. */
  leavesOut: Initial["leavesOut"];
  /** The server has ended the subscription meanwhile. */
  completes: boolean;
}

/**
 * The life of one operation, whoever its client is: what goes first (an initial value, a snapshot), what may be seen, and
 * how it ends. Results come by {@link deliver}; those whose turn has come go to {@link pass}.
 */
export abstract class Life implements Member, OperationHandle {
  // First what every delivery looks at, so that it lies together in memory.
  #ended = false;
  /** Undefined when nothing goes first, or when that is over and left nothing to leave out. */
  #first: First | undefined;
  #running: RunningSubscription<Hearing> | undefined;
  #state: Record<string, unknown> | undefined;
  /** Kept for the declaration's `onUnsubscribe` alone. */
  #context: unknown;

  abstract readonly id: string;
  abstract readonly name: string | undefined;
  abstract readonly peer: Peer | undefined;
  abstract readonly viewer: Viewer | undefined;

  /** @param state that of the operation which this one succeeds. */
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
    // A snapshot that is being delivered has an end of its own.
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

  /** Whether the viewer may see a result at this moment. Anything but true hides it: a promise would show everything. */
  isVisible({ event }: Delivery): boolean {
    const plan = this.#running?.plan;
    if (!event || !plan?.declaration?.visible) return true;
    try {
      const visible: unknown = plan.declaration.visible(event.payload, { viewer: this.viewer, args: plan.args });
      if (!isPromise(visible)) return visible === true;
      silence(visible);
      this.log.error("A `visible` answered with a promise; its event was hidden", { operation: this.name });
      return false;
    } catch (error) {
      this.log.error("A `visible` failed; its event was hidden", { operation: this.name, error });
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

  /** Hands results on that may go now. */
  protected abstract pass(deliveries: readonly Delivery[]): void;

  /** The same for one of those that go first, given only when nothing waits. */
  protected abstract passFirst(delivery: Delivery): void;

  /** Undefined when nothing waits for the client; otherwise resolves when it is worth asking again. */
  protected abstract whenIdle(): Promise<void> | undefined;

  protected abstract hold(): Hold;

  protected abstract sayComplete(): void;

  protected abstract sayErrors(errors: readonly GraphQLError[]): void;

  /** The operation is over: whoever keeps it may forget it. */
  protected abstract over(why: EndReason): void;

  /** The server's own hook for the end of a subscription. */
  protected abstract unsubscribed(): MaybePromise<void> | undefined;

  /**
   * Follows a subscription that was joined. Resolves when it is live. What it gives is held back until {@link lead}, if
   * something goes first, or if the client has to be told beforehand.
   *
   * @param context kept for the declaration's `onUnsubscribe`.
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

  /** Hands on what goes first, at the client's pace, then what was held back, and lets the subscription go on. */
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
      // However long a snapshot is, no more of it waits here than one result.
      for (let idle = this.whenIdle(); idle && !this.#ended; idle = this.whenIdle()) await idle;
      if (this.#ended) return;
      this.passFirst(delivery);
    }
  }

  /** Nothing goes first any more: what was held back is handed on. */
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

  /** Calls a hook at once, so that `onDisconnect` comes after it. One that fails is no reason to leave others out. */
  async #tell(hook: () => MaybePromise<void> | undefined): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.log.error("onUnsubscribe failed", { operation: this.name, error });
    }
  }
}

function without(deliveries: readonly Delivery[], leavesOut: NonNullable<Initial["leavesOut"]>): readonly Delivery[] {
  return deliveries.filter(({ event }) => !event || !leavesOut(event));
}
