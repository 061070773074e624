import type { JsonObject } from "../../base/json.ts";
import type { Demand, ModelStream } from "./model-stream.ts";
import type { RowAction } from "./stream-action.ts";

/** One operation of a channel's session: its results are notifications. */
export class ChannelSubscription {
  readonly id: string;
  readonly stream: ModelStream;
  readonly demand: Demand;
  /** What the channel is told when it is live. */
  readonly echo: JsonObject;
  /** What is still wanted of it: a later one may have taken some over, or they were unsubscribed. */
  readonly actions: Set<RowAction>;
  readonly #live = Promise.withResolvers<void>();
  #isLive = false;

  constructor(id: string, stream: ModelStream, demand: Demand, echo: JsonObject) {
    this.id = id;
    this.stream = stream;
    this.demand = demand;
    this.echo = echo;
    this.actions = new Set(demand.actions);
    // Not everybody who starts one waits for it until it is there.
    this.#live.promise.catch(() => undefined);
  }

  /** Resolves when every change that is committed from then on will be told. */
  get live(): Promise<void> {
    return this.#live.promise;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  isAbout(stream: ModelStream, id: string | null): boolean {
    return this.stream === stream && this.demand.id === id;
  }

  hasFields(fields: readonly string[]): boolean {
    return this.demand.fields.join() === fields.join();
  }

  confirm(): void {
    this.#isLive = true;
    this.#live.resolve();
  }

  /** It will not become live, if it is not. */
  fail(why: Error): void {
    this.#live.reject(why);
  }

  /** The bytes of the notification that a result is; undefined if it is not wanted any more. */
  frame(result: Uint8Array): Uint8Array | undefined {
    const { action, bytes } = this.stream.notification(result);
    return action === undefined || this.actions.has(action) ? bytes : undefined;
  }
}
