import type { JsonObject } from "../../base/json.ts";
import type { StreamCriteria, ModelStream } from "./model-stream.ts";
import type { RowAction } from "./stream-action.ts";

/** A channel's subscription: an operation of its session, whose results become notifications. */
export class ChannelSubscription {
  readonly id: string;
  readonly stream: ModelStream;
  readonly criteria: StreamCriteria;
  /** The frame that acknowledges the subscription when it is live. */
  readonly echo: JsonObject;
  /** The actions that still count: later subscriptions and unsubscriptions remove some. */
  readonly actions: Set<RowAction>;
  readonly #live = Promise.withResolvers<void>();
  #isLive = false;

  constructor(id: string, stream: ModelStream, criteria: StreamCriteria, echo: JsonObject) {
    this.id = id;
    this.stream = stream;
    this.criteria = criteria;
    this.echo = echo;
    this.actions = new Set(criteria.actions);
    // Not every caller awaits `live`, and an unhandled rejection would end the process.
    this.#live.promise.catch(() => undefined);
  }

  /** Resolves when the subscription is live: each change that commits from then on is notified. */
  get live(): Promise<void> {
    return this.#live.promise;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  isAbout(stream: ModelStream, id: string | null): boolean {
    return this.stream === stream && this.criteria.id === id;
  }

  hasFields(fields: readonly string[]): boolean {
    return this.criteria.fields.join() === fields.join();
  }

  confirm(): void {
    this.#isLive = true;
    this.#live.resolve();
  }

  /** Rejects `live`, unless the subscription is live already. */
  fail(why: Error): void {
    this.#live.reject(why);
  }

  /** The bytes of a result's notification; undefined if its action no longer counts. */
  frame(result: Uint8Array): Uint8Array | undefined {
    const { action, bytes } = this.stream.notification(result);
    return action === undefined || this.actions.has(action) ? bytes : undefined;
  }
}
