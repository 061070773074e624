import { BoundedMap } from "../base/bounded-map.ts";
import type { Broker, TopicName } from "../contract/broker.ts";
import { isAfter, placeOf, type Place } from "../contract/place.ts";
import type { PlacedEvent } from "./events.ts";

/** Topics at most. */
const remembered = 10_000;

/**
 * What earlier leaders have published already, by the newest event of each topic. That can only be the window, or the
 * transaction, in which this one begins: it was not confirmed. The broker knows an id again only for a while; this tells
 * however long ago it was.
 */
export class RelayProgress {
  readonly token: number;
  readonly #broker: Broker;
  /** By topic, as far as this lead has asked. One that is forgotten is asked for again, which is as good. */
  readonly #newest = new BoundedMap<TopicName, { readonly place: Place | undefined }>(remembered);
  #first: Place | undefined;

  /** @param token of the lead. */
  constructor(broker: Broker, token: number) {
    this.#broker = broker;
    this.token = token;
  }

  /**
   * Leaves out what comes before the newest event of its topic. That one itself is known by its id.
   *
   * @param mayRepeat as the batch has it.
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

  /** Whether it is of the window in which this lead began. */
  #isOld({ epoch, major }: Place): boolean {
    return this.#first !== undefined && epoch === this.#first.epoch && major === this.#first.major;
  }

  async #newestOf(topic: TopicName): Promise<Place | undefined> {
    const known = this.#newest.get(topic);
    if (known) return known.place;
    const last = await this.#broker.last?.(topic);
    // What a model adds to a change has the change's id and a number.
    const place = last && placeOf(last.id.replace(/\/\d+$/, ""));
    this.#newest.set(topic, { place });
    return place;
  }
}
