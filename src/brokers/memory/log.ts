import type { Event, NewEvent, Position, Replay, TopicName } from "../../contract/broker.ts";
import { Link } from "./recency.ts";
import { Ring } from "./ring.ts";

/** The bits of an event's hash in its position; they tell a position of another history (a fork) from this log's. */
const nonceBits = 0xffff;

/** The recent events of one topic and their positions: `<epoch>.<offset>.<nonce>`. */
export class TopicLog {
  readonly topic: TopicName;
  /** Whether a cohort listens to the topic. */
  live = false;
  readonly idle: Link<TopicLog> = new Link<TopicLog>(this);
  readonly filled: Link<TopicLog> = new Link<TopicLog>(this);
  readonly #epoch: string;
  readonly #ring = new Ring();
  #low: Position;
  #position: Position;
  #lastId: string | undefined;

  /** @param epoch `<start>-<life>`: the process, and the number of the topic's log in it. */
  constructor(topic: TopicName, epoch: string) {
    this.topic = topic;
    this.#epoch = epoch;
    this.#position = this.#low = `${epoch}.0.0`;
  }

  /** The number of events kept. */
  get size(): number {
    return this.#ring.size;
  }

  get position(): Position {
    return this.#position;
  }

  /** The newest event, even if it was dropped from the log. */
  get last(): { readonly position: Position; readonly id: string } | undefined {
    return this.#lastId === undefined ? undefined : { position: this.#position, id: this.#lastId };
  }

  /** The kept event with this id. */
  find(id: string, hash: number): Event | undefined {
    return this.#ring.find(id, hash);
  }

  /** @param hash of the event's id; its low bits are the position's nonce. */
  append({ id, time, payload, end }: NewEvent, hash: number, now: number): Event {
    // V8 joins short strings at once, but keeps a longer concatenation as a rope of its pieces, for each event.
    const place = `${this.#ring.high + 1}.${hash & nonceBits}`;
    const position = `${this.#epoch}.${place}`;
    // The log's own string, so that a thousand events do not hold a thousand copies of the topic's name.
    const event: Event = { topic: this.topic, id, time, payload, end: end === true, position };
    this.#ring.append(event, hash, now);
    this.#position = position;
    this.#lastId = id;
    return event;
  }

  /**
   * Drops the oldest events until at most `keep` are left, none from before `time`. Returns the number of dropped ones.
   */
  trim(keep: number, time: number): number {
    const before = this.#ring.low;
    while (this.#ring.size > keep || this.#ring.oldestTime < time) {
      this.#low = this.#ring.shift()?.position ?? this.#low;
    }
    const dropped = this.#ring.low - before;
    if (dropped > 0) this.#ring.shrink();
    return dropped;
  }

  since(after: Position, limit: number): Replay {
    const [epoch = "", digits] = after.split(".", 2);
    if (epoch !== this.#epoch) {
      const reason = startOf(epoch) === startOf(this.#epoch) ? "expired" : "broker_lost";
      return { gone: reason, low: this.#low };
    }
    const offset = Number(digits);
    if (offset < this.#ring.low) return { gone: "expired", low: this.#low };
    if (after !== this.#positionAt(offset)) return { gone: "fork", low: this.#low };
    const last = Math.min(this.#ring.high, offset + limit);
    const events: Event[] = [];
    for (let next = offset + 1; next <= last; next += 1) {
      const event = this.#ring.at(next);
      if (event) events.push(event);
    }
    return { events, low: this.#low, more: last < this.#ring.high };
  }

  #positionAt(offset: number): Position | undefined {
    return offset === this.#ring.low ? this.#low : this.#ring.at(offset)?.position;
  }
}

function startOf(epoch: string): string {
  return epoch.split("-", 1)[0] ?? "";
}
