import { GraphQLError } from "graphql";
import { blaming } from "../base/blame.ts";
import { closeCodes, type CloseCode } from "../base/close-code.ts";
import type { Late } from "../base/deadlines.ts";
import { FanfareError } from "../base/error.ts";
import type { GapReason } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Peer } from "../contract/peer.ts";
import { telemetry } from "../contract/telemetry.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationRequest } from "../dialects/message.ts";
import type { RunningSubscription } from "../engine/cohort/member.ts";
import { isCommand } from "../engine/document/command.ts";
import type { Prepared } from "../engine/document/prepare.ts";
import { deliveryOf, type Delivery } from "../engine/execution/delivery.ts";
import { toGraphQLError } from "../engine/execution/error-format.ts";
import { placeOf } from "../engine/execution/place.ts";
import { resultText } from "../engine/execution/result.ts";
import { HeldResults } from "../outbox/held-results.ts";
import type { Queue } from "../outbox/queue.ts";
import type { Writer } from "../outbox/writer.ts";
import { changedRequest } from "./changed-request.ts";
import type { Connection, SessionHooks } from "./connection.ts";
import type { OperationHost } from "./host.ts";
import { Life, type EndReason, type Hold } from "./life.ts";

/** The session of an operation, as the operation sees it. */
export interface OperationOwner extends Connection {
  readonly host: OperationHost;
  readonly writer: Writer;
  /** Called when an operation has ended. Its results in the outbox are still sent, unless its queue is muted. */
  ended(operation: Operation): void;
  /**
   * Takes memory for an operation from the budget for requests. If there is not enough, the operation or the connection
   * has been ended.
   */
  takes(operation: Operation, bytes: number): boolean;
  /** Adds an operation again whose successor failed to start. */
  reinstate(operation: Operation): void;
  /** Ends the connection. */
  end(code: CloseCode): void;
}

/** The topics of an operation that do not count for the budget of requests, and the memory of each further one. */
const freeTopics = 8;
const topicBytes = 1_024;

/** A running GraphQL request of a session, from its hooks to its last message. */
export class Operation extends Life implements Late {
  readonly queue: Queue;
  /** What its request takes of the session's budget. */
  requestBytes = 0;
  readonly #writer: Writer;
  readonly #owner: OperationOwner;
  #name: string | undefined;
  /** This client's request. That of the plan may be another client's, with the same document. */
  #request: OperationRequest | undefined;
  /** The operation with the same id that this one is to succeed; undefined once it has. */
  #former: Operation | undefined;

  constructor(owner: OperationOwner, id: string, former?: Operation) {
    super(former?.state);
    this.#owner = owner;
    this.#writer = owner.writer;
    this.queue = owner.writer.queue(id);
    this.#former = former;
  }

  get id(): string {
    return this.queue.id;
  }

  get name(): string | undefined {
    return this.#name;
  }

  get peer(): Peer {
    return this.#owner.peer;
  }

  get viewer(): Viewer | undefined {
    return this.#owner.viewer;
  }

  /**
   * Prepares and runs the operation. Resolves when a subscription is live; for a query or a mutation when it runs, or
   * with strict ordering when it has its result. Never rejects.
   */
  async start(given: OperationRequest): Promise<void> {
    const { hooks, ordering } = this.#owner.host;
    if (this.ended) return;
    this.#name = given.operationName;
    try {
      // Awaited even without a hook: the id has to stay taken while further messages of the same read are handled.
      const answer = await blaming("onOperation", undefined, () => hooks.onOperation?.(given, this.#owner));
      const request = changedRequest("onOperation", given, answer);
      const time = this.#owner.host.engine.whenTimeFor(request, this.requestBytes);
      if (time) await time;
      if (this.ended) return;
      // Other missing hooks are not awaited: microtasks are expensive when many clients reconnect (thundering herd).
      const prepared = hooks.onSubscribe
        ? await this.#prepareWith(hooks.onSubscribe, request)
        : this.#accept(this.#owner.host.engine.prepare(request));
      if (this.ended || !prepared) return;
      this.#name = prepared.operation.name?.value;
      const subscribes = isSubscription(prepared);
      const run = this.#run(subscribes ? this.#subscribe(prepared) : this.#execute(prepared));
      if (subscribes || ordering === "strict") await run;
    } catch (error) {
      this.#fault(error);
    }
  }

  /** Called when the client has unsubscribed: no further message is sent. */
  stop(): void {
    this.#mute();
    this.end("client");
  }

  /** Called when the connection has ended. */
  closed(): void {
    this.#mute();
    this.end("closed");
  }

  /** Called when starting or executing takes longer than `warnAfter`. */
  late(): void {
    const { log, warnAfter } = this.#owner.host;
    log.warn(`The operation ${this.#name ?? "without a name"} takes longer than ${warnAfter} ms`, {
      operation: this.#name,
      session: this.#owner.id,
      milliseconds: warnAfter,
    });
  }

  gap(reason: GapReason): void {
    if (!this.ended) this.queue.gap(reason);
  }

  conflated(count: number): void {
    this.queue.conflated(count);
  }

  overflow(): void {
    if (this.ended) return;
    this.#writer.tellOverflow(this.queue);
    this.#owner.end(closeCodes.tooSlow);
  }

  overloaded(): void {
    if (!this.ended && this.queue.bound.overflow === "disconnect") this.#owner.end(closeCodes.overload);
  }

  whenReady(delivery?: Delivery): Promise<void> | undefined {
    const { queue } = this;
    if (delivery ? this.#writer.fits(queue, delivery) : queue.hasRoom) return undefined;
    return delivery && queue.fits(delivery) ? this.#writer.whenFlushed() : queue.whenReady();
  }

  whenTaken(): Promise<void> | undefined {
    const { queue } = this;
    // With `latest`, the results of a burst are conflated, so that a slow reader need not be waited for.
    if (this.ended || queue.bound.overflow === "latest" || !queue.isHalfFull) return undefined;
    return this.#writer.whenFlushed();
  }

  context(): MaybePromise<unknown> {
    const request = this.#request;
    return request && this.#owner.host.contextOf(this.#owner, request, this);
  }

  protected get log(): Log {
    return this.#owner.host.log;
  }

  protected pass(deliveries: readonly Delivery[]): void {
    this.queue.settleGap();
    if (this.#writer.writeThrough(this.queue, deliveries)) return;
    for (const delivery of deliveries) {
      this.#writer.send(this.queue, delivery);
      if (this.ended) return;
    }
  }

  protected passFirst(delivery: Delivery): void {
    this.#writer.sendWhenIdle(this.queue, delivery);
  }

  protected whenIdle(): Promise<void> | undefined {
    return this.#writer.isIdle ? undefined : this.#writer.whenFlushed();
  }

  protected hold(): Hold {
    return new HeldResults(this.#writer, this.queue);
  }

  protected sayComplete(): void {
    this.#writer.sendMessage({ type: "complete", id: this.id });
  }

  protected sayErrors(errors: readonly GraphQLError[]): void {
    const { formatError } = this.#owner.host;
    const plan = this.running?.plan;
    const place = { ...(plan && placeOf(plan)), session: this.#owner.id, operation: this.#name };
    const formatted = errors.map((error) => formatError(error, place));
    this.#writer.sendMessage({ type: "error", id: this.id, errors: formatted });
  }

  protected over(why: EndReason): void {
    this.#owner.host.slow.delete(this);
    this.queue.release();
    this.#owner.ended(this);
    this.#leaveToFormer(why);
    const channel = telemetry["operation.ended"];
    if (channel.hasSubscribers) channel.publish({ session: this.#owner.id, operation: this.id, why });
  }

  protected unsubscribed(): MaybePromise<void> | undefined {
    return this.#owner.host.hooks.onUnsubscribe?.(this, this.#owner);
  }

  async #prepareWith(
    onSubscribe: NonNullable<SessionHooks["onSubscribe"]>,
    request: OperationRequest,
  ): Promise<Prepared | undefined> {
    const { engine } = this.#owner.host;
    const prepared = engine.prepare(request);
    if ("errors" in prepared || !isSubscription(prepared)) return this.#accept(prepared);
    const answer = await blaming("onSubscribe", undefined, () => onSubscribe(request, this.#owner));
    const changed = changedRequest("onSubscribe", request, answer);
    return this.#accept(changed === request ? prepared : engine.prepare(changed));
  }

  #accept(prepared: Prepared | { readonly errors: readonly GraphQLError[] }): Prepared | undefined {
    const errors = "errors" in prepared ? prepared.errors : this.#refused(prepared);
    if (!("errors" in prepared) && errors.length === 0) return prepared;
    this.fail(errors);
    return undefined;
  }

  /** Why the connection cannot carry a valid operation. */
  #refused({ document, operation, request }: Prepared): readonly GraphQLError[] {
    const { dialect, socket } = this.#writer;
    if (socket.readOnly) {
      const { schema } = this.#owner.host.engine;
      const kind = isCommand(schema, document.ast, request.operationName) ? "command" : operation.operation;
      if (kind === "command" || kind === "mutation") return [badRequest(`A ${kind} must be sent by POST`)];
    }
    if (operation.operation === "subscription" || dialect.rules.singleResults) return [];
    return [badRequest("This protocol carries subscriptions only; send queries and mutations over HTTP")];
  }

  async #run(work: Promise<void>): Promise<void> {
    const { slow } = this.#owner.host;
    slow.add(this);
    try {
      await work;
    } catch (error) {
      this.#fault(error);
    } finally {
      slow.delete(this);
    }
  }

  async #execute(prepared: Prepared): Promise<void> {
    const { host } = this.#owner;
    this.#tellStart(prepared);
    const result = await host.engine.execute(prepared, () => host.contextOf(this.#owner, prepared.request, this));
    if (this.ended) return;
    this.#writer.send(this.queue, deliveryOf(undefined, resultText(result, host.log, prepared)));
    if (this.ended) return;
    this.sayComplete();
    this.end("result");
  }

  async #subscribe(prepared: Prepared): Promise<void> {
    const { host } = this.#owner;
    const { engine } = host;
    const given = host.contextOf(this.#owner, prepared.request, this);
    const context = given instanceof Promise ? await given : given;
    if (this.ended) return;
    this.#request = prepared.request;
    const planned = engine.plan(prepared, context);
    const found = planned instanceof Promise ? await planned : planned;
    const topics = found.plan.topics.length - freeTopics;
    if (topics > 0 && !this.ended && !this.#owner.takes(this, topics * topicBytes)) return;
    const running = engine.join(found, this);
    const { declaration, queue, request } = running.plan;
    this.#succeed();
    this.queue.bound = queue;
    if (declaration?.visible) this.queue.beholder = this;
    // Interning: operations that share a plan hold the query, the largest part of a request, once.
    if (request.query === prepared.request.query) this.#request = { ...prepared.request, query: request.query };
    await this.follow(running, context, this.#writer.dialect.rules.tellsLive);
    if (this.ended) return;
    this.#tellStart(prepared, running);
    this.#writer.sendMessage({ type: "started", id: this.id });
    await this.lead(() => engine.initial(running.plan, context, this));
  }

  /** Handles an error of starting the operation. */
  #fault(error: unknown): void {
    if (this.ended) return;
    // A transient failure: clients reconnect after this close code, but an error message would end the operation.
    if (error instanceof FanfareError && error.code === "BROKER_UNAVAILABLE") {
      this.log.error("A subscription could not be started", { error });
      this.#owner.end(closeCodes.overload);
    } else {
      this.fail([toGraphQLError(error)]);
    }
  }

  #mute(): void {
    this.queue.muted = true;
  }

  #succeed(): void {
    this.#former?.stop();
    this.#former = undefined;
  }

  /** Called at the end before this operation has succeeded its former one: after an error, the former one goes on. */
  #leaveToFormer(why: EndReason): void {
    const former = this.#former;
    this.#former = undefined;
    if (!former || former.ended) return;
    if (why === "error") this.#owner.reinstate(former);
    else former.stop();
  }

  #tellStart({ operation }: Prepared, running?: RunningSubscription): void {
    const channel = telemetry["operation.started"];
    if (!channel.hasSubscribers) return;
    channel.publish({
      session: this.#owner.id,
      operation: this.id,
      name: this.#name,
      kind: operation.operation,
      topics: running?.plan.topics ?? [],
      cohort: running?.cohort,
      audience: running?.plan.audience,
      unshared: running?.plan.unshared,
    });
  }
}

function isSubscription({ operation }: Prepared): boolean {
  return operation.operation === "subscription";
}

function badRequest(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_REQUEST" } });
}
