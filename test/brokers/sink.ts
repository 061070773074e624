import type { BrokerSink, Event, NewEvent, Position, TopicName } from "../../src/contract/broker.ts";

/** A sink that records its calls. */
export class NotingSink implements BrokerSink {
  readonly batches: { topic: TopicName; after: Position; events: readonly Event[] }[] = [];
  /** Called with each batch, after it was recorded. */
  react: (events: readonly Event[]) => void = () => {};

  get ids(): readonly string[] {
    return this.batches.flatMap(({ events }) => events.map(({ id }) => id));
  }

  events(topic: TopicName, after: Position, events: readonly Event[]): void {
    this.batches.push({ topic, after, events });
    this.react(events);
  }

  lost(): void {
    throw new Error("A broker of one process loses nothing");
  }

  link(): void {
    throw new Error("A broker of one process has no link");
  }
}

export function event(topic: TopicName, id: string, payload: unknown = id): NewEvent {
  return { topic, id, time: 1, payload };
}
