import { systemClock, type Clock } from "../base/clock.ts";
import { checkArgument, checkOptions } from "../base/option-check.ts";
import { aBoolean, anObjectWith, propertyOf, type Rule, type RulesOf } from "../base/rule.ts";
import { Lifetime } from "../base/lifetime.ts";
import type { Broker, BrokerSink, NewEvent, Position, Receipt, TopicName } from "../contract/broker.ts";
import { aClock } from "../contract/part-rules.ts";
import { closedError, Handover } from "./handover.ts";

/** Options of {@link pubSubEngineBroker}. */
export interface PubSubEngineBrokerOptions {
  /** Whether the engine carries payloads to other processes. Default false, as with the in-memory `PubSub`. */
  readonly acrossProcesses?: boolean;
  /** Default: the system's clock. */
  readonly clock?: Clock;
}

/**
 * Creates a broker without history from a `PubSubEngine` that is in use already. A topic is the trigger of the same
 * name, and payloads travel unchanged: payloads that other code publishes on the engine arrive as events, and other
 * code reads plain payloads. The engine stays the application's, which closes it.
 *
 * Limitations, compared with a broker of Fanfare's own:
 * - An engine does not carry an event's id and time. They are kept if the engine calls its handlers within `publish`,
 *   as `PubSub` does; otherwise the event gets a new id and the time of its arrival. So an event that is published to
 *   several topics can reach an operation of another process once per topic.
 * - The id is not an idempotency key: publishing again with the same id publishes twice.
 * - An engine does not report a lost link: events that were published meanwhile are missed, and no gap is told.
 * - Positions are counters of this process, and nothing can be replayed.
 *
 * The end of a topic travels by the trigger `fanfare:end`, which readers of the topic's own trigger do not see. The
 * names `error`, `newListener` and `removeListener` have a meaning for an EventEmitter, so these topics travel as
 * `fanfare:error` and so on.
 *
 * @throws FanfareError BAD_OPTION for an engine without `publish`, `subscribe` and `unsubscribe`.
 */
export function pubSubEngineBroker(engine: PubSubEngineLike, options: PubSubEngineBrokerOptions = {}): Broker {
  checkArgument("pubSubEngineBroker", "engine", engine, anEngine);
  checkOptions("pubSubEngineBroker", options, rules);
  return new PubSubEngineBroker(engine, options);
}

const rules: RulesOf<PubSubEngineBrokerOptions> = { acrossProcesses: aBoolean, clock: aClock };

const anEngine: Rule = anObjectWith(
  "a PubSub engine with functions publish, subscribe and unsubscribe",
  ["publish", "subscribe", "unsubscribe"],
  (value) => (propertyOf(value, "open") === undefined ? undefined : "A broker of Fanfare's needs no adapter"),
);

/** An event that was given to the engine, and its position once the engine has delivered it here. */
interface Outgoing {
  readonly event: NewEvent;
  position: Position | undefined;
}

/** A subscribed topic. */
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

  /** All or nothing: a call that fails leaves none of its topics subscribed. */
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

  /** Gives all events to the engine before it awaits the first, which keeps their order. */
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

  /** Its part up to the first `await` runs within the call of `publish`. */
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

  /** A synchronous engine calls its handlers in here, while `#outgoing` holds the event's id and time. */
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

/** The part of a `PubSubEngine` that is used (graphql-subscriptions 1 to 3, graphql-redis-subscriptions and others). */
export interface PubSubEngineLike {
  publish(trigger: string, payload: unknown): unknown;
  /** Resolves with the id for `unsubscribe` when the handler is live. */
  subscribe(trigger: string, handler: (payload: unknown) => void, options: object): Promise<unknown>;
  unsubscribe(id: unknown): unknown;
}

/** Subscribes a handler, which is called only after the engine has confirmed it, and until it is disposed. */
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

/** The trigger of all topics' ends. No topic has this trigger. */
const endTrigger = "fanfare:end";

/** The payload of {@link endTrigger}. */
interface EndMessage {
  readonly topic: TopicName;
  readonly id: string;
  readonly time: number;
  readonly payload: unknown;
}

const reserved = /^(?:fanfare:)*(?:error|newListener|removeListener)$|^(?:fanfare:)+end$/;

/**
 * A topic's trigger: its name, or the name with a prefix if it is reserved. Different topics have different triggers.
 */
function triggerOf(topic: TopicName): string {
  return reserved.test(topic) ? `fanfare:${topic}` : topic;
}

/** Reads an end message; undefined for any other payload, since other code may publish on this trigger too. */
function readEnd(message: unknown): EndMessage | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("topic" in message && "id" in message && "time" in message)) return undefined;
  const { topic, id, time } = message;
  if (typeof topic !== "string" || typeof id !== "string" || typeof time !== "number") return undefined;
  return { topic, id, time, payload: "payload" in message ? message.payload : undefined };
}
