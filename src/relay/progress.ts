import { BoundedMap } from "../base/bounded-map.ts";
import type { Broker, TopicName } from "../contract/broker.ts";
import { isAfter, placeOf, type Place } from "../contract/place.ts";
import type { PlacedEvent } from "./events.ts";

/** The number of topics whose newest event is cached. */
const remembered = 10_000;

/**
 * Tells which changes an earlier leader has published without confirming them, by the newest event of each topic. Only
 * the first window or transaction of a lead can hold such changes. The broker's check of idempotency keys is not
 * enough: it knows an id for a limited time only.
 */
export class RelayProgress {
  readonly token: number;
  readonly #broker: Broker;
  /** The place of the newest event by topic, a cache: an evicted topic is asked for again. */
  readonly #newest = new BoundedMap<TopicName, { readonly place: Place | undefined }>(remembered);
  #first: Place | undefined;

  /** @param token the lead's fencing token. */
  constructor(broker: Broker, token: number) {
    this.#broker = broker;
    this.token = token;
  }

  /**
   * Leaves out the events with a place before that of the newest event in their topic. The newest event itself stays:
   * the broker recognises its id.
   *
   * @param mayRepeat of the batch.
   */
  async unpublished(events: readonly PlacedEvent[], mayRepeat: boolean | undefined): Promise<readonly PlacedEvent[]> {
    this.#first ??= events[0]?.place;
    const left: PlacedEvent[] = [];
    for (const placed of events) {
      const { event, place } = placed;
      if (mayRepeat ?? this.#isOld(place)) {
        const newest = await this.#newestOf(event.topic);
        if (newest && newest.epoch === place.epoch && isAfter(newest, place)) continue;
      } else this.#newest.clear();
      left.push(placed);
    }
    return left;
  }

  /** Whether a place is in the first window or transaction of this lead. */
  #isOld({ epoch, major }: Place): boolean {
    return this.#first !== undefined && epoch === this.#first.epoch && major === this.#first.major;
  }

  async #newestOf(topic: TopicName): Promise<Place | undefined> {
    const known = this.#newest.get(topic);
    if (known) return known.place;
    const last = await this.#broker.last?.(topic);
    // A model's extra event has the id of the change, a slash and a number.
    const place = last && placeOf(last.id.replace(/\/\d+$/, ""));
    this.#newest.set(topic, { place });
    return place;
  }
}
