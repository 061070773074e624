import type { Broker, Event, GapReason, NewEvent, Position, TopicName } from "../../contract/broker.ts";
import { type Findings, Listening } from "./listening.ts";

/** An open broker and its sink. */
export class Station implements Findings, AsyncDisposable {
  readonly broker: Broker;
  readonly heard: Event[] = [];
  readonly faults: string[] = [];
  readonly gaps: GapReason[] = [];
  repairs = 0;
  /** The broker's reports about its link. */
  readonly links: boolean[] = [];
  readonly #listening = new Map<TopicName, Listening>();
  readonly #owner = new AbortController();
  #ended = false;

  constructor(broker: Broker) {
    this.broker = broker;
  }

  async open(): Promise<void> {
    const sink = {
      events: (topic: TopicName, after: Position, events: readonly Event[]) => this.#batch(topic, after, events),
      lost: (topics: readonly TopicName[] | "all") =>
        this.#doubt(topics === "all" ? [...this.#listening.keys()] : topics),
      link: (up: boolean) => {
        this.links.push(up);
        if (up) this.#doubt([...this.#listening.keys()]);
      },
    };
    await this.broker.open(sink, this.#owner.signal);
  }

  async subscribe(...topics: TopicName[]): Promise<readonly Position[]> {
    const listening = topics.map((topic) => new Listening(topic, this.broker, this));
    for (const [index, topic] of topics.entries()) {
      const one = listening[index];
      if (one) this.#listening.set(topic, one);
    }
    const positions = await this.broker.subscribe(topics);
    for (const [index, one] of listening.entries()) one.confirm(positions[index]);
    return positions;
  }

  async unsubscribe(...topics: TopicName[]): Promise<void> {
    await this.broker.unsubscribe(topics);
    for (const topic of topics) this.#listening.delete(topic);
  }

  /** Publishes in one call; throws unless all events were stored. */
  async publish(...events: NewEvent[]): Promise<readonly Position[]> {
    const receipts = await this.broker.publish(events);
    return receipts.map((receipt) => {
      if ("stored" in receipt) return receipt.stored;
      throw "unknown" in receipt ? receipt.unknown : receipt.notStored;
    });
  }

  /** The payloads of a topic's events that have arrived. */
  payloads(topic: TopicName): readonly unknown[] {
    return this.heard.flatMap((event) => (event.topic === topic ? [event.payload] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    this.#ended = true;
    this.#owner.abort();
  }

  #batch(topic: TopicName, after: Position, events: readonly Event[]): void {
    const listening = this.#listening.get(topic);
    if (this.#ended) this.faults.push(`an event of ${topic} came after the end`);
    else if (listening) listening.batch(after, events);
    else this.faults.push(`an event of ${topic} came, which is not subscribed`);
  }

  #doubt(topics: readonly TopicName[]): void {
    for (const topic of topics) this.#listening.get(topic)?.doubt();
  }
}
