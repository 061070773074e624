import { BoundedMap } from "../base/bounded-map.ts";
import { FanfareError } from "../base/error.ts";
import { PushIterator } from "../base/push-iterator.ts";
import type { Event, GapReason, TopicName } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Declaration, Snapshot } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import { queueBound } from "../declare/queue.ts";
import { Resolved } from "../declare/resolved.ts";
import { SKIP } from "../declare/skip.ts";
import { valueOf } from "../declare/subscription.ts";
import { topicName, type TopicLike } from "../declare/topic.ts";
import type { Hub } from "../engine/hub/hub.ts";
import { leavesOut, type Initial } from "../engine/execution/initial.ts";
import type { Listener } from "../engine/hub/listener.ts";
import { withOperation } from "./context.ts";

export interface ForeignOperationOptions {
  readonly hub: Hub;
  readonly log: Log;
  readonly declaration: Declaration;
  readonly args: unknown;
  /** What the other executor gives its resolvers. */
  readonly context: unknown;
  readonly onEnd: () => void;
}

/** How many events back one is recognised that came by another of the operation's topics before. */
const maxRemembered = 1_024;

/** An operation on a declared field that another executor runs: its values one after the other, nothing shared. */
export class ForeignOperation implements Listener, OperationHandle {
  readonly id: string = "foreign";
  /** Known to its executor alone. */
  readonly name: undefined;
  readonly peer: undefined;
  readonly viewer: undefined;
  readonly state: Record<string, unknown> = {};
  readonly interest: Listener["interest"];
  readonly values: PushIterator<unknown>;
  readonly #options: ForeignOperationOptions;
  readonly #context: object;
  readonly #limit: number;
  readonly #remembered = new BoundedMap<string, true>(maxRemembered);
  // Filters and resolvers may be async; their events keep their order all the same, and follow the initial value.
  readonly #started = Promise.withResolvers<void>();
  #order: Promise<void> = this.#started.promise;
  #waiting = 0;
  /** Events that its snapshot showed already. */
  #leavesOut: Initial["leavesOut"];
  #topics: readonly TopicName[] = [];

  constructor(options: ForeignOperationOptions) {
    const { args, context, declaration } = options;
    this.#options = options;
    this.#context = withOperation(context, this);
    this.#limit = queueBound(declaration.queue).messages;
    this.interest = { match: declaration.match?.(args), facets: declaration.facets };
    this.values = new PushIterator(this.#limit, () => this.#end());
  }

  /** Resolves when every event that is published from then on will be among the values. */
  async start(): Promise<void> {
    const { args, declaration } = this.#options;
    const topics = await declaration.topics(args, this.#context);
    try {
      await this.join(...topics);
      const value = await declaration.initial?.(args, this.#context);
      if (value !== undefined && value !== SKIP) this.values.push(Resolved.value(value));
      const snapshot = await declaration.snapshot?.(args, this.#context);
      if (snapshot) void this.#begin(snapshot);
      else this.#started.resolve();
    } catch (error) {
      this.values.end();
      throw error;
    }
  }

  async join(...topics: readonly TopicLike[]): Promise<void> {
    const added = [...new Set(topics.map(topicName))].filter((topic) => !this.#topics.includes(topic));
    this.#topics = [...this.#topics, ...added];
    await this.#options.hub.listen(added, this);
  }

  async leave(...topics: readonly TopicLike[]): Promise<void> {
    const names = topics.map(topicName);
    this.#topics = this.#topics.filter((topic) => !names.includes(topic));
    this.#options.hub.leave(names, this);
  }

  event(event: Event): void {
    if (this.#remembered.get(event.id)) return;
    this.#remembered.set(event.id, true);
    if (this.#waiting >= this.#limit) {
      this.values.fail(new FanfareError("OVERFLOW", "The reader is too far behind"));
      return;
    }
    this.#waiting += 1;
    this.#order = this.#order
      .then(() => (this.#leavesOut?.(event) ? undefined : this.#take(event.payload)))
      .finally(() => (this.#waiting -= 1));
  }

  end(): void {
    void this.#order.then(() => this.values.end());
  }

  gap(reason: GapReason): void {
    this.#options.log.warn("Events were lost that another executor's subscription waited for", { reason });
  }

  /** Never rejects. Not waited for: its reader reads only after the start. */
  async #begin(snapshot: Snapshot<unknown>): Promise<void> {
    try {
      for await (const payload of snapshot.events) {
        await this.values.whenReady();
        await this.#take(payload);
      }
      this.#leavesOut = leavesOut(snapshot);
      this.#started.resolve();
    } catch (error) {
      this.values.fail(error);
    }
  }

  async #take(payload: unknown): Promise<void> {
    const { args, declaration, log } = this.#options;
    try {
      if (declaration.filter && !(await declaration.filter(payload, args))) return;
      if (declaration.visible && !declaration.visible(payload, { viewer: undefined, args })) return;
    } catch (error) {
      log.error("A filter failed; its event was not delivered", { error });
      return;
    }
    try {
      const value = await valueOf(declaration, payload, args, this.#context);
      if (value !== SKIP) this.values.push(Resolved.value(value));
    } catch (error) {
      this.values.push(Resolved.failure(error));
    }
  }

  #end(): void {
    const { hub, onEnd } = this.#options;
    hub.leave(this.#topics, this);
    onEnd();
    void this.#unsubscribed();
  }

  async #unsubscribed(): Promise<void> {
    const { args, declaration, log } = this.#options;
    try {
      await declaration.onUnsubscribe?.(args, this.#context);
    } catch (error) {
      log.error("onUnsubscribe failed", { error });
    }
  }
}
