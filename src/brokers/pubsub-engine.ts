import { systemClock, type Clock } from "../base/clock.ts";
import { FanfareError } from "../base/error.ts";
import { Lifetime } from "../base/lifetime.ts";
import type { Broker, BrokerSink, NewEvent, Position, Receipt, TopicName } from "../contract/broker.ts";
import { closedError, Handover } from "./handover.ts";

export interface PubSubEngineBrokerOptions {
  /** Whether other processes hear what is published on the engine; false by default, as with the in-memory `PubSub`. */
  readonly acrossProcesses?: boolean;
  /** The system's by default. */
  readonly clock?: Clock;
}

/**
 * Wraps an engine that is in use already, as a broker without history. A topic is the trigger of the same name, and
 * payloads travel as they are: what other code publishes on the engine arrives as events, and other code reads plain
 * payloads. Whoever created the engine closes it.
 *
 * What is lost against a broker of Fanfare's own:
 * - An engine has nowhere to put an event's id and time. They are kept where the engine calls its handlers within
 *   `publish`, as `PubSub` does; anywhere else the event gets a new id and the time of its arrival. So an event that is
 *   published to several topics can reach an operation of another process once for each.
 * - Publishing again with the same id publishes twice.
 * - An engine does not say when it lost its link: what was published meanwhile is missed, and nobody is told.
 * - Positions are counters of this process. There is nothing to replay.
 *
 * The end of a topic goes by the trigger `fanfare:end`, which readers of the topic's own trigger do not see. The names
 * `error`, `newListener` and `removeListener` mean something to an EventEmitter, so these topics travel as
 * `fanfare:error` and so on.
 *
 * @throws FanfareError BAD_OPTION
 */
export function pubSubEngineBroker(engine: PubSubEngineLike, options: PubSubEngineBrokerOptions = {}): Broker {
  for (const name of ["publish", "subscribe", "unsubscribe"] as const) {
    if (typeof engine?.[name] === "function") continue;
    throw new FanfareError("BAD_OPTION", `pubSubEngineBroker: engine must have a function ${name}`);
  }
  return new PubSubEngineBroker(engine, options);
}

/** An event that is on its way through the engine, and its position once it has come back. */
interface Outgoing {
  readonly event: NewEvent;
  position: Position | undefined;
}

/** A topic that is listened to. */
interface Subscription {
  readonly topic: TopicName;
  readonly listener: AsyncDisposable;
  position: Position;
}

class PubSubEngineBroker implements Broker {
  readonly supports: Broker["supports"];
  readonly #engine: PubSubEngineLike;
  readonly #clock: Clock;
  readonly #handover = new Handover();
  readonly #lifetime = new Lifetime();
  readonly #subscriptions = new Map<TopicName, Subscription>();
  readonly #epoch = crypto.randomUUID();
  #offset = 0;
  #outgoing: Outgoing | undefined;

  constructor(engine: PubSubEngineLike, options: PubSubEngineBrokerOptions) {
    const { acrossProcesses = false, clock = systemClock } = options;
    this.supports = { history: false, acrossProcesses, durable: false };
    this.#engine = engine;
    this.#clock = clock;
  }

  async open(sink: BrokerSink, signal: AbortSignal): Promise<void> {
    this.#handover.open(sink, signal);
    await this.#listen(endTrigger, (message) => this.#ended(message));
  }

  /** A call that fails leaves none of its topics subscribed. */
  async subscribe(topics: readonly TopicName[]): Promise<readonly Position[]> {
    const results = await Promise.allSettled(topics.map((topic) => this.#subscribe(topic)));
    const positions: Position[] = [];
    for (const result of results) {
      if (result.status === "fulfilled") {
        positions.push(result.value);
        continue;
      }
      await this.unsubscribe(topics);
      throw result.reason;
    }
    return positions;
  }

  async unsubscribe(topics: readonly TopicName[]): Promise<void> {
    await Promise.all(topics.map((topic) => this.#unsubscribe(topic)));
  }

  /** All events are given to the engine before the first one is waited for, which keeps their order. */
  publish(events: readonly NewEvent[]): Promise<readonly Receipt[]> {
    return Promise.all(events.map((event) => this.#publish(event)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#handover.close();
    this.#subscriptions.clear();
    await this.#lifetime[Symbol.asyncDispose]();
  }

  async #listen(trigger: string, handle: (payload: unknown) => void): Promise<AsyncDisposable> {
    if (this.#lifetime.ended) throw closedError();
    const listener = this.#lifetime.attach(await listen(this.#engine, trigger, handle));
    if (this.#lifetime.ended) throw closedError();
    return listener;
  }

  async #subscribe(topic: TopicName): Promise<Position> {
    const before = this.#subscriptions.get(topic);
    if (before) return before.position;
    const handle = (payload: unknown): void => this.#arrived(topic, payload);
    const listener = await this.#listen(triggerOf(topic), handle);
    const position = this.#nextPosition();
    this.#subscriptions.set(topic, { topic, listener, position });
    return position;
  }

  async #unsubscribe(topic: TopicName): Promise<void> {
    const subscription = this.#subscriptions.get(topic);
    if (!subscription) return;
    this.#subscriptions.delete(topic);
    this.#handover.forget(topic);
    this.#lifetime.release(subscription.listener);
    await subscription.listener[Symbol.asyncDispose]();
  }

  /** The part up to the first `await` runs within the call of `publish`. */
  async #publish(event: NewEvent): Promise<Receipt> {
    if (this.#lifetime.ended) return { notStored: closedError() };
    const outgoing: Outgoing = { event, position: undefined };
    try {
      await this.#send(outgoing);
      return { stored: outgoing.position ?? this.#nextPosition() };
    } catch (error) {
      return { unknown: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  /** An engine that calls its handlers at once does so while `#outgoing` still says which event it is. */
  #send(outgoing: Outgoing): unknown {
    const outer = this.#outgoing;
    this.#outgoing = outgoing;
    const { topic, id, time, payload, end } = outgoing.event;
    try {
      if (end) return this.#engine.publish(endTrigger, { topic, id, time, payload });
      return this.#engine.publish(triggerOf(topic), payload);
    } finally {
      this.#outgoing = outer;
    }
  }

  #arrived(topic: TopicName, payload: unknown): void {
    const own = this.#outgoing;
    const isOwn = own?.position === undefined && own?.event.topic === topic && Object.is(own.event.payload, payload);
    const { id, time } = isOwn ? own.event : { id: crypto.randomUUID(), time: this.#clock.now() };
    this.#deliver({ topic, id, time, payload, end: false });
  }

  #ended(message: unknown): void {
    const end = readEnd(message);
    if (end) this.#deliver({ ...end, end: true });
  }

  #deliver(event: NewEvent): void {
    const subscription = this.#subscriptions.get(event.topic);
    if (!subscription) return;
    const after = subscription.position;
    const position = this.#nextPosition();
    subscription.position = position;
    if (this.#outgoing?.event.id === event.id) this.#outgoing.position = position;
    this.#handover.events(event.topic, after, [{ ...event, position }]);
  }

  #nextPosition(): Position {
    this.#offset += 1;
    return `${this.#epoch}.${this.#offset}`;
  }
}

/** What is used of a `PubSubEngine` (graphql-subscriptions 1 to 3, graphql-redis-subscriptions and its kin). */
export interface PubSubEngineLike {
  publish(trigger: string, payload: unknown): unknown;
  /** Resolves with what `unsubscribe` takes, when the handler is really live. */
  subscribe(trigger: string, handler: (payload: unknown) => void, options: object): Promise<unknown>;
  unsubscribe(id: unknown): unknown;
}

/** Sets a handler on an engine: silent until the engine has confirmed it, and from the moment it is disposed. */
async function listen(
  engine: PubSubEngineLike,
  trigger: string,
  handle: (payload: unknown) => void,
): Promise<AsyncDisposable> {
  let live = false;
  const onPayload = (payload: unknown): void => {
    if (live) handle(payload);
  };
  const id = await engine.subscribe(trigger, onPayload, {});
  live = true;
  return {
    async [Symbol.asyncDispose]() {
      live = false;
      await engine.unsubscribe(id);
    },
  };
}

/** What the end of a topic travels by. No topic has this trigger. */
const endTrigger = "fanfare:end";

/** What travels by {@link endTrigger}. */
interface EndMessage {
  readonly topic: TopicName;
  readonly id: string;
  readonly time: number;
  readonly payload: unknown;
}

const reserved = /^(?:fanfare:)*(?:error|newListener|removeListener)$|^(?:fanfare:)+end$/;

/** A topic's trigger is its name, but for names that something else owns; no two topics have the same. */
function triggerOf(topic: TopicName): string {
  return reserved.test(topic) ? `fanfare:${topic}` : topic;
}

/** Undefined for what is no end message: anybody may publish on the engine. */
function readEnd(message: unknown): EndMessage | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("topic" in message && "id" in message && "time" in message)) return undefined;
  const { topic, id, time } = message;
  if (typeof topic !== "string" || typeof id !== "string" || typeof time !== "number") return undefined;
  return { topic, id, time, payload: "payload" in message ? message.payload : undefined };
}
