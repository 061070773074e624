import type { Fence, NewEvent, Receipt, TopicName } from "../../../src/contract/broker.ts";

/** Records the published events in a process that outlives the publishers, like a broker that processes share. */
export class RecordingBroker {
  readonly events: NewEvent[] = [];
  /** The ids that were published again, except those of a topic's newest event. */
  readonly repeated: string[] = [];
  /** The number of calls that were refused because of their fencing token. */
  refused = 0;
  readonly #ids = new Set<string>();
  readonly #newest = new Map<TopicName, string>();
  #token = 0;

  publish(events: readonly NewEvent[], fence: Fence | undefined): readonly Receipt[] {
    const token = fence?.token ?? 0;
    if (token < this.#token) {
      this.refused += 1;
      return events.map(() => ({ notStored: new Error("A later leader has published") }));
    }
    this.#token = token;
    return events.map((event) => this.#store(event));
  }

  last(topic: TopicName): { position: string; id: string } | undefined {
    const id = this.#newest.get(topic);
    return id === undefined ? undefined : { position: id, id };
  }

  #store(event: NewEvent): Receipt {
    const { topic, id } = event;
    if (!this.#ids.has(id)) {
      this.#ids.add(id);
      this.#newest.set(topic, id);
      this.events.push(event);
    } else if (this.#newest.get(topic) !== id) this.repeated.push(id);
    return { stored: id };
  }
}
