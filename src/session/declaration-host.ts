import { FanfareError } from "../base/error.ts";
import { PushIterator } from "../base/push-iterator.ts";
import type { Event } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Declaration, DeclarationHost } from "../declare/declaration.ts";
import { Resolved } from "../declare/resolved.ts";
import { SKIP } from "../declare/skip.ts";
import { valueOf } from "../declare/subscription.ts";
import { topicName } from "../declare/topic.ts";
import type { Hub } from "../engine/hub.ts";
import type { Listener } from "../engine/listener.ts";
import { queueBound } from "../engine/queue-bound.ts";

/** Serves declared fields to other executors: an async iterator per operation, nothing shared. */
export class HubDeclarationHost implements DeclarationHost {
  readonly #hub: Hub;
  readonly #log: Log;

  constructor(hub: Hub, log: Log) {
    this.#hub = hub;
    this.#log = log;
  }

  async events(declaration: Declaration, args: unknown, context: unknown): Promise<AsyncIterableIterator<unknown>> {
    const topics = (await declaration.topics(args, context)).map(topicName);
    const { messages } = queueBound(declaration.queue);
    const values = new PushIterator<unknown>(messages, () => {
      this.#hub.leave(topics, listener);
      void declaration.onUnsubscribe?.(args, context);
    });
    // Filters and resolvers may be async; their events keep their order all the same, and follow the initial value.
    const initial = Promise.withResolvers<void>();
    let order = initial.promise;
    let waiting = 0;
    const listener: Listener = {
      match: declaration.match?.(args),
      event: (event) => {
        if (waiting >= messages) return values.fail(new FanfareError("OVERFLOW", "The reader is too far behind"));
        waiting += 1;
        order = order.then(() => this.#take(declaration, event, args, context, values)).finally(() => (waiting -= 1));
      },
      end: () => void order.then(() => values.end()),
      gap: (reason) => this.#log.warn("Events were lost that another executor's subscription waited for", { reason }),
    };
    await this.#hub.listen(topics, listener);
    const value = await declaration.initial?.(args, context);
    if (value !== undefined && value !== SKIP) values.push(Resolved.value(value));
    initial.resolve();
    return values;
  }

  async #take(
    declaration: Declaration,
    event: Event,
    args: unknown,
    context: unknown,
    values: PushIterator<unknown>,
  ): Promise<void> {
    try {
      if (declaration.filter && !(await declaration.filter(event.payload, args))) return;
      if (declaration.visible && !declaration.visible(event.payload, { viewer: undefined, args })) return;
    } catch (error) {
      this.#log.error("A filter failed; its event was not delivered", { error });
      return;
    }
    try {
      const value = await valueOf(declaration, event.payload, args, context);
      if (value !== SKIP) values.push(Resolved.value(value));
    } catch (error) {
      values.push(Resolved.failure(error));
    }
  }
}
