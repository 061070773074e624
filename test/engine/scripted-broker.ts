import type {
  Broker,
  BrokerSink,
  Event,
  GapReason,
  NewEvent,
  Position,
  Receipt,
  Replay,
  TopicName,
} from "../../src/contract/broker.ts";

type Call = "open" | "subscribe" | "unsubscribe" | "since";

/** What a test holds in its hand while a call of the broker waits. */
export type Gate = PromiseWithResolvers<void>;

/**
 * A broker that keeps the contract and does nothing by itself: the test says when a call is answered, which events are
 * stored, and which of those reach this process.
 */
export class ScriptedBroker implements Broker {
  readonly supports = { history: true, acrossProcesses: true, durable: true };
  /** What was asked of it, in order: `subscribe a`, `since a 2`. */
  readonly calls: string[] = [];
  readonly #history = new Map<TopicName, Event[]>();
  readonly #subscribed = new Set<TopicName>();
  readonly #gates = new Map<Call, Gate>();
  readonly #forgotten = new Map<TopicName, { readonly before: number; readonly reason: GapReason }>();
  #sink: BrokerSink | undefined;

  /** Calls of this kind wait from now on, until the gate is resolved, or fail with it. */
  hold(call: Call): Gate {
    const gate = Promise.withResolvers<void>();
    gate.promise.catch(() => undefined);
    this.#gates.set(call, gate);
    return gate;
  }

  /** Calls of this kind that come from now on are answered at once. */
  letGo(call: Call): void {
    this.#gates.delete(call);
  }

  /** Stores an event and hands it over, as long as its topic is subscribed. */
  emit(topic: TopicName, payload: unknown, more: Partial<NewEvent> = {}): Event {
    const after = this.#position(topic);
    const event = this.store(topic, payload, more);
    if (this.#subscribed.has(topic)) this.#sink?.events(topic, after, [event]);
    return event;
  }

  /** Stores an event that does not reach this process. */
  store(topic: TopicName, payload: unknown, more: Partial<NewEvent> = {}): Event {
    const events = this.#events(topic);
    const position = `${topic}:${events.length + 1}`;
    const event = { id: position, time: 0, ...more, topic, payload, position };
    events.push(event);
    return event;
  }

  /** Hands over what is stored already, from one place in the topic on, counted from 1. */
  handOver(topic: TopicName, from: number): void {
    this.#sink?.events(topic, `${topic}:${from - 1}`, this.#events(topic).slice(from - 1));
  }

  lose(topics: readonly TopicName[] | "all"): void {
    this.#sink?.lost(topics, "scripted");
  }

  link(up: boolean): void {
    this.#sink?.link(up);
  }

  /** Nothing up to this place can be had from history any more. */
  forget(topic: TopicName, before: number, reason: GapReason = "expired"): void {
    this.#forgotten.set(topic, { before, reason });
  }

  async open(sink: BrokerSink): Promise<void> {
    this.calls.push("open");
    await this.#gates.get("open")?.promise;
    this.#sink = sink;
  }

  async subscribe(topics: readonly TopicName[]): Promise<readonly Position[]> {
    this.calls.push(`subscribe ${topics.join()}`);
    await this.#gates.get("subscribe")?.promise;
    for (const topic of topics) this.#subscribed.add(topic);
    return topics.map((topic) => this.#position(topic));
  }

  async unsubscribe(topics: readonly TopicName[]): Promise<void> {
    this.calls.push(`unsubscribe ${topics.join()}`);
    await this.#gates.get("unsubscribe")?.promise;
    for (const topic of topics) this.#subscribed.delete(topic);
  }

  async publish(events: readonly NewEvent[]): Promise<readonly Receipt[]> {
    return events.map((event) => ({ stored: this.emit(event.topic, event.payload, event).position }));
  }

  /** Answers what was stored when it was asked, however late. */
  async since(topic: TopicName, after: Position, limit: number): Promise<Replay> {
    const place = Number(after.split(":").at(-1));
    this.calls.push(`since ${topic} ${place}`);
    const forgotten = this.#forgotten.get(topic);
    const stored = this.#events(topic).slice(place);
    await this.#gates.get("since")?.promise;
    const low = `${topic}:${forgotten?.before ?? 0}`;
    if (forgotten && place < forgotten.before) return { gone: forgotten.reason, low };
    return { events: stored.slice(0, limit), low, more: stored.length > limit };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sink = undefined;
  }

  #events(topic: TopicName): Event[] {
    const events = this.#history.get(topic) ?? [];
    this.#history.set(topic, events);
    return events;
  }

  #position(topic: TopicName): Position {
    return `${topic}:${this.#events(topic).length}`;
  }
}
