import { GraphQLError } from "graphql";
import type { Timer } from "../base/clock.ts";
import { closeCodes } from "../base/close-code.ts";
import { FanfareError } from "../base/error.ts";
import type { Event, GapReason } from "../contract/broker.ts";
import type { Peer } from "../contract/peer.ts";
import { telemetry } from "../contract/telemetry.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import { queueBound, type QueueBound } from "../declare/queue.ts";
import type { TopicLike } from "../declare/topic.ts";
import type { Envelope, OperationRequest } from "../dialects/message.ts";
import type { Member, RunningSubscription } from "../engine/cohort/member.ts";
import type { Prepared } from "../engine/document/prepare.ts";
import { deliveryOf, ShortDelivery, type Delivery } from "../engine/execution/delivery.ts";
import { toGraphQLError } from "../engine/execution/error-format.ts";
import { hasInitial, type Initial } from "../engine/execution/initial.ts";
import { resultText } from "../engine/execution/result.ts";
import { withExtension } from "./extension.ts";
import { Outbox } from "./outbox.ts";
import type { Session } from "./session.ts";

/** Why an operation is over. */
export type EndReason = "client" | "server" | "result" | "error" | "closed";

/** The bound of queries and mutations, which have one result. */
const singleResult: QueueBound = queueBound();

/** One running GraphQL request of one session. */
export class Operation implements Member, OperationHandle {
  // First what every delivery looks at, so that it lies together in memory.
  readonly #session: Session;
  readonly envelope: Envelope;
  #ended = false;
  /** True once nothing more may be sent, not even what waits. */
  #muted = false;
  /** The declaration has a `visible`. Kept here since it is asked for with every delivery. */
  #mayHide = false;
  /** What came before the initial value was there; undefined when it is, or when there is none. */
  #held: Outbox<Operation> | undefined;
  /** Events that its snapshot showed already. */
  #leavesOut: Initial["leavesOut"];
  #queuedMessages = 0;
  #queuedBytes = 0;
  #gap: GapReason | undefined;
  /** How many results have to leave the queue until the gap is told with the last of them. */
  #gapBehind = 0;
  #conflated = 0;
  readonly id: string;
  #name: string | undefined;
  #state: Record<string, unknown> | undefined;
  #running: RunningSubscription | undefined;
  /** What this client sent. The plan may have come from somebody else who asked the same. */
  #request: OperationRequest | undefined;
  /** Kept for the declaration's `onUnsubscribe` alone. */
  #context: unknown;
  /** The server has ended it while its snapshot was being delivered. */
  #completes = false;
  #ready: PromiseWithResolvers<void> | undefined;
  /** Runs while the operation is being started, or executed. */
  #slow: Timer | undefined;
  /** The operation with the same id that this one succeeds, until it does. */
  #former: Operation | undefined;

  constructor(session: Session, id: string, former?: Operation) {
    this.#session = session;
    this.id = id;
    this.#former = former;
    this.#state = former?.state;
    this.envelope = session.dialect.envelope(id);
  }

  get name(): string | undefined {
    return this.#name;
  }

  get peer(): Peer {
    return this.#session.peer;
  }

  get viewer(): Viewer | undefined {
    return this.#session.viewer;
  }

  get state(): Record<string, unknown> {
    this.#state ??= {};
    return this.#state;
  }

  get muted(): boolean {
    return this.#muted;
  }

  get queue(): QueueBound {
    return this.#running?.plan.queue ?? singleResult;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  async join(...topics: readonly TopicLike[]): Promise<void> {
    await this.#running?.join(topics);
  }

  async leave(...topics: readonly TopicLike[]): Promise<void> {
    await this.#running?.leave(topics);
  }

  /**
   * Prepares and runs the operation. Resolves when a subscription is live; for a query or a mutation when it runs, or
   * with strict ordering when it has its result. Never rejects.
   */
  async start(request: OperationRequest): Promise<void> {
    const { hooks, ordering } = this.#session.host;
    if (this.#ended) return;
    try {
      await hooks.onOperation?.(request, this.#session);
      if (this.#ended) return;
      const prepared = await this.#prepare(request);
      if (this.#ended || !prepared) return;
      this.#name = prepared.operation.name?.value;
      const subscribes = isSubscription(prepared);
      const run = this.#run(subscribes ? this.#subscribe(prepared) : this.#execute(prepared));
      if (subscribes || ordering === "strict") await run;
    } catch (error) {
      this.#fault(error);
    }
  }

  /** The client does not want to hear more. */
  stop(): void {
    this.#end("client", true);
  }

  /** The connection is gone. */
  closed(): void {
    this.#end("closed", true);
  }

  deliver(deliveries: readonly Delivery[]): void {
    if (this.#ended) return;
    if (this.#held) return this.#hold(this.#held, deliveries);
    const remaining = this.#leavesOut ? without(deliveries, this.#leavesOut) : deliveries;
    if (this.#queuedMessages === 0) this.#gapBehind = 0;
    if (this.#session.writeThrough(this, remaining)) return;
    for (const delivery of remaining) {
      this.#session.send(this, delivery);
      if (this.#ended) return;
    }
  }

  /** @param behind how many of the results that wait come before the hole; all of them by default. */
  gap(reason: GapReason, behind: number = this.#queuedMessages): void {
    if (this.#ended) return;
    // The result that is told with counts as one that left the queue.
    const leaving = behind === 0 ? 0 : behind + 1;
    this.#gapBehind = this.#gap === undefined ? leaving : Math.min(this.#gapBehind, leaving);
    this.#gap ??= reason;
    const channel = telemetry["delivery.gap"];
    if (channel.hasSubscribers) channel.publish({ session: this.#session.id, operation: this.id, reason });
  }

  /** Values were left out because newer ones of the same key came. */
  conflated(count: number): void {
    this.#conflated += count;
  }

  complete(): void {
    if (this.#ended) return;
    // A snapshot that is being delivered has an end of its own.
    if (this.#held && this.#leavesOut) return void (this.#completes = true);
    this.#release();
    this.#session.sendMessage({ type: "complete", id: this.id });
    this.#end("server", false);
  }

  fail(errors: readonly GraphQLError[]): void {
    if (this.#ended) return;
    this.#release();
    const formatted = errors.map(this.#session.host.formatError);
    this.#session.sendMessage({ type: "error", id: this.id, errors: formatted });
    this.#end("error", false);
  }

  overflow(): void {
    if (this.#ended) return;
    this.#session.overflowed(this);
    this.#session.end(closeCodes.tooSlow);
  }

  overloaded(): void {
    if (!this.#ended && this.queue.overflow === "disconnect") this.#session.end(closeCodes.overload);
  }

  whenTaken(): Promise<void> | undefined {
    if (this.#ended || this.queue.overflow === "latest") return undefined;
    const { messages, bytes } = this.queue;
    if (this.#queuedMessages * 2 < messages && this.#queuedBytes * 2 < bytes) return undefined;
    return this.#session.whenFlushed();
  }

  whenReady(delivery?: Delivery): Promise<void> | undefined {
    if (delivery ? this.#session.fits(this, delivery) : this.#hasRoom()) return undefined;
    if (delivery && this.fits(delivery)) return this.#session.whenFlushed();
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  context(): unknown {
    const request = this.#request;
    return request && this.#session.host.contextOf(this.#session, request, this);
  }

  sizeOf(delivery: Delivery): number {
    return this.envelope.head.length + delivery.bytes.length + this.envelope.tail.length;
  }

  /** Counts a result in or out of this operation's share of the outbox. */
  queued(delivery: Delivery, sign: 1 | -1): void {
    this.#queuedMessages += sign;
    if (sign < 0 && this.#gapBehind > 0) this.#gapBehind -= 1;
    this.#queuedBytes += sign * this.sizeOf(delivery);
    if (this.#ready && this.#hasRoom()) {
      this.#ready.resolve();
      this.#ready = undefined;
    }
  }

  dropped({ event }: Delivery, why: "overflow" | "ended" | "hidden"): void {
    const channel = telemetry["delivery.dropped"];
    if (!event || !channel.hasSubscribers) return;
    channel.publish({ session: this.#session.id, operation: this.id, event: event.id, why });
  }

  /** Whether a result may be queued. One that alone is over the bound passes an empty queue. */
  fits(delivery: Delivery): boolean {
    const { messages, bytes } = this.queue;
    if (this.#queuedMessages === 0) return true;
    return this.#queuedMessages < messages && this.#queuedBytes + this.sizeOf(delivery) <= bytes;
  }

  /** Whether its viewer may see a result, asked at the moment it leaves. */
  isVisible(delivery: Delivery): boolean {
    if (!this.#mayHide || !delivery.event) return true;
    const plan = this.#running?.plan;
    try {
      const who = { viewer: this.#session.viewer, args: plan?.args ?? {} };
      // A promise is no answer here: it would show everything.
      return plan?.declaration?.visible?.(delivery.event.payload, who) === true;
    } catch (error) {
      this.#session.host.log.error("A `visible` failed; its event was hidden", { operation: this.#name, error });
      return false;
    }
  }

  /**
   * The bytes to send: those of the result, with what this operation alone has to be told in front.
   *
   * @param passes they are good for one write only.
   */
  bytesOf(delivery: Delivery, passes: boolean): Uint8Array {
    const gap = this.#gapBehind === 0 ? this.#gap : undefined;
    if (gap === undefined && this.#conflated === 0) {
      return passes && delivery instanceof ShortDelivery ? delivery.passingBytes() : delivery.bytes;
    }
    const told = {
      ...(gap !== undefined && { gap: { reason: gap } }),
      ...(this.#conflated > 0 && { conflated: this.#conflated }),
    };
    if (gap !== undefined) this.#gap = undefined;
    this.#conflated = 0;
    return withExtension(delivery.bytes, told);
  }

  async #prepare(request: OperationRequest): Promise<Prepared | undefined> {
    const { engine, hooks } = this.#session.host;
    let prepared = engine.prepare(request);
    if (!("errors" in prepared) && isSubscription(prepared)) {
      const changed = await hooks.onSubscribe?.(request, this.#session);
      if (changed && changed !== request) prepared = engine.prepare(changed);
    }
    if ("errors" in prepared) this.fail(prepared.errors);
    else if (isSubscription(prepared) || this.#session.dialect.rules.singleResults) return prepared;
    else this.fail([subscriptionsOnly()]);
    return undefined;
  }

  async #run(work: Promise<void>): Promise<void> {
    this.#slow = this.#warnWhenSlow();
    try {
      await work;
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#forgetSlow();
    }
  }

  async #execute(prepared: Prepared): Promise<void> {
    const { engine, log } = this.#session.host;
    this.#tellStart(prepared);
    const result = await engine.execute(prepared, () =>
      this.#session.host.contextOf(this.#session, prepared.request, this),
    );
    if (this.#ended) return;
    this.#session.send(this, deliveryOf(undefined, resultText(result, log)));
    if (this.#ended) return;
    this.#session.sendMessage({ type: "complete", id: this.id });
    this.#end("result", false);
  }

  async #subscribe(prepared: Prepared): Promise<void> {
    const { engine } = this.#session.host;
    const context = await this.#session.host.contextOf(this.#session, prepared.request, this);
    if (this.#ended) return;
    this.#context = context;
    this.#request = prepared.request;
    const running = engine.join(await engine.plan(prepared, context), this);
    this.#former?.stop();
    this.#former = undefined;
    this.#running = running;
    this.#mayHide = running.plan.declaration?.visible !== undefined;
    if (this.#ended) {
      running.end();
      return this.#unsubscribed(running);
    }
    const { declaration, request } = running.plan;
    // The text, by far the largest part, is then kept once for all who share.
    if (request.query === prepared.request.query) this.#request = { ...prepared.request, query: request.query };
    if (!declaration?.onUnsubscribe) this.#context = undefined;
    if (hasInitial(declaration) || this.#session.dialect.rules.tellsLive) this.#held = new Outbox();
    await running.live;
    if (this.#ended) return;
    this.#tellStart(prepared);
    this.#session.sendMessage({ type: "started", id: this.id });
    if (hasInitial(declaration)) await this.#deliverInitial(running, context);
    else if (this.#held) this.deliver(this.#takeHeld());
    running.start();
  }

  async #deliverInitial(running: RunningSubscription, context: unknown): Promise<void> {
    const { deliveries, leavesOut } = await this.#session.host.engine.initial(running.plan, context);
    this.#leavesOut = leavesOut;
    for await (const delivery of deliveries) {
      // However long a snapshot is, no more of it waits here than one result.
      for (let idle = this.#session.whenIdle(); idle && !this.#ended; idle = this.#session.whenIdle()) await idle;
      if (this.#ended) return;
      this.#session.sendWhenIdle(this, delivery);
    }
    this.deliver(this.#takeHeld());
    if (this.#completes) this.complete();
  }

  /** Keeps what came before the initial value, under the same bound and policy as what waits for the socket. */
  #hold(held: Outbox<Operation>, deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      let room = true;
      while (room && !this.fits(delivery)) room = this.#session.relieve(held, this, this, delivery);
      if (this.#ended) return;
      if (room) held.add(this, delivery);
    }
  }

  #takeHeld(): readonly Delivery[] {
    const deliveries: Delivery[] = [];
    this.#held?.take(Infinity, (_, delivery) => deliveries.push(delivery));
    this.#held = undefined;
    return deliveries;
  }

  /** Something that belongs to starting the operation failed. */
  #fault(error: unknown): void {
    if (this.#ended) return;
    // The broker's trouble passes; an error message would end the operation for good.
    if (error instanceof FanfareError && error.code === "BROKER_UNAVAILABLE") {
      this.#session.host.log.error("A subscription could not be started", { error });
      this.#session.end(closeCodes.overload);
    } else {
      this.fail([toGraphQLError(error)]);
    }
  }

  #release(): void {
    const held = this.#takeHeld();
    if (held.length > 0) this.deliver(held);
  }

  #end(why: EndReason, muted: boolean): void {
    if (muted) this.#muted = true;
    if (this.#ended) return;
    this.#ended = true;
    this.#held = undefined;
    this.#forgetSlow();
    this.#ready?.resolve();
    this.#running?.end();
    this.#session.ended(this);
    this.#leaveToFormer(why);
    const channel = telemetry["operation.ended"];
    if (channel.hasSubscribers) channel.publish({ session: this.#session.id, operation: this.id, why });
    if (this.#running) this.#unsubscribed(this.#running);
  }

  /** One that could not be subscribed has not succeeded anybody. */
  #leaveToFormer(why: EndReason): void {
    const former = this.#former;
    this.#former = undefined;
    if (!former || former.#ended) return;
    if (why === "error") this.#session.reinstate(former);
    else former.stop();
  }

  #unsubscribed({ plan }: RunningSubscription): void {
    const { hooks } = this.#session.host;
    void this.#tellEnd(() => plan.declaration?.onUnsubscribe?.(plan.args, this.#context));
    void this.#tellEnd(() => hooks.onUnsubscribe?.(this, this.#session));
  }

  /** Calls a hook at once, so that `onDisconnect` comes after it. One that fails is no reason to leave others out. */
  async #tellEnd(hook: () => MaybePromise<void> | undefined): Promise<void> {
    try {
      await hook();
    } catch (error) {
      this.#session.host.log.error("onUnsubscribe failed", { operation: this.#name, error });
    }
  }

  #hasRoom(): boolean {
    const { messages, bytes } = this.queue;
    return this.#queuedMessages < messages && this.#queuedBytes < bytes;
  }

  #forgetSlow(): void {
    this.#slow?.[Symbol.dispose]();
    this.#slow = undefined;
  }

  #warnWhenSlow(): Timer | undefined {
    const { clock, log, warnAfter } = this.#session.host;
    if (warnAfter === Infinity) return undefined;
    return clock.after(warnAfter, () => {
      log.warn(`The operation ${this.#name ?? "without a name"} takes longer than ${warnAfter} ms`, {
        operation: this.#name,
        session: this.#session.id,
        milliseconds: warnAfter,
      });
    });
  }

  #tellStart({ operation }: Prepared): void {
    const channel = telemetry["operation.started"];
    if (!channel.hasSubscribers) return;
    channel.publish({
      session: this.#session.id,
      operation: this.id,
      name: this.#name,
      kind: operation.operation,
      topics: this.#running?.plan.topics ?? [],
      cohort: this.#running?.cohort,
    });
  }
}

function without(deliveries: readonly Delivery[], leavesOut: (event: Event) => boolean): readonly Delivery[] {
  return deliveries.filter(({ event }) => !event || !leavesOut(event));
}

function isSubscription({ operation }: Prepared): boolean {
  return operation.operation === "subscription";
}

function subscriptionsOnly(): GraphQLError {
  return new GraphQLError("This protocol carries subscriptions only; send queries and mutations over HTTP", {
    extensions: { code: "BAD_REQUEST" },
  });
}
