import type { GapReason } from "../contract/broker.ts";
import { telemetry } from "../contract/telemetry.ts";
import { queueBound, type QueueBound } from "../declare/queue.ts";
import type { Envelope } from "../dialects/message.ts";
import { ShortDelivery, type Delivery } from "../engine/execution/delivery.ts";
import { withExtension, type OutboxOwner } from "./outbox.ts";

/** The bound of queries and mutations, which have one result. */
const singleResult: QueueBound = queueBound();

/** Whoever knows what a client may see. */
export interface Beholder {
  /** Whether a result may be seen now. Never throws. */
  isVisible(delivery: Delivery): boolean;
}

/** What the client has to be told with one of the next results. */
interface Untold {
  gap: GapReason | undefined;
  /** How many results have to leave the queue until the gap is told with the last of them. */
  behind: number;
  conflated: number;
}

/**
 * One operation's share of its session's outbox: how much may wait, what was lost or conflated meanwhile and is still to be
 * told, and what becomes of a result at the moment it leaves.
 */
export class Queue implements OutboxOwner {
  // First what every delivery looks at, so that it lies together in memory.
  readonly envelope: Envelope;
  /** Nothing more may be sent, not even what waits. */
  muted = false;
  /** Asked as each result leaves; undefined where everything may be seen. */
  beholder: Beholder | undefined;
  /** Undefined while there is nothing to tell, which is nearly always. */
  #untold: Untold | undefined;
  #messages = 0;
  #bytes = 0;
  bound: QueueBound = singleResult;
  readonly id: string;
  readonly #session: string;
  #ready: PromiseWithResolvers<void> | undefined;

  /** @param session the id of the session, for telemetry. @param id that of the operation. */
  constructor(session: string, id: string, envelope: Envelope) {
    this.#session = session;
    this.id = id;
    this.envelope = envelope;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  get hasRoom(): boolean {
    return this.#messages < this.bound.messages && this.#bytes < this.bound.bytes;
  }

  get isHalfFull(): boolean {
    return this.#messages * 2 >= this.bound.messages || this.#bytes * 2 >= this.bound.bytes;
  }

  /** Whether a result may be queued. One that alone is over the bound passes an empty queue. */
  fits(delivery: Delivery): boolean {
    const { messages, bytes } = this.bound;
    if (this.#messages === 0) return true;
    return this.#messages < messages && this.#bytes + this.sizeOf(delivery) <= bytes;
  }

  sizeOf(delivery: Delivery): number {
    return this.envelope.head.length + delivery.bytes.length + this.envelope.tail.length;
  }

  queued(delivery: Delivery, by: 1 | -1): void {
    this.#messages += by;
    if (by < 0 && this.#untold && this.#untold.behind > 0) this.#untold.behind -= 1;
    this.#bytes += by * this.sizeOf(delivery);
    if (this.#ready && this.hasRoom) this.release();
  }

  dropped({ event }: Delivery, why: "overflow" | "ended" | "hidden"): void {
    const channel = telemetry["delivery.dropped"];
    if (!event || !channel.hasSubscribers) return;
    channel.publish({ session: this.#session, operation: this.id, event: event.id, why });
  }

  /** @param behind how many of the results that wait come before the hole; all of them by default. */
  gap(reason: GapReason, behind: number = this.#messages): void {
    // The result that is told with counts as one that left the queue.
    const leaving = behind === 0 ? 0 : behind + 1;
    const untold = this.#toTell();
    untold.behind = untold.gap === undefined ? leaving : Math.min(untold.behind, leaving);
    untold.gap ??= reason;
    const channel = telemetry["delivery.gap"];
    if (channel.hasSubscribers) channel.publish({ session: this.#session, operation: this.id, reason });
  }

  /** Values were left out because newer ones of the same key came. */
  conflated(count: number): void {
    this.#toTell().conflated += count;
  }

  /** Results come that need not wait: nothing does that a gap could stand behind. */
  settleGap(): void {
    if (this.#untold && this.#messages === 0) this.#untold.behind = 0;
  }

  /** Resolves when there is room, or the operation has ended. */
  whenReady(): Promise<void> {
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  /** Whoever waits for room need not wait any more. */
  release(): void {
    this.#ready?.resolve();
    this.#ready = undefined;
  }

  /** Whether a result may leave now; undefined: it may, otherwise why it may not. */
  withheld(delivery: Delivery): "ended" | "hidden" | undefined {
    if (this.muted) return "ended";
    return this.beholder && !this.beholder.isVisible(delivery) ? "hidden" : undefined;
  }

  /**
   * The bytes to send: those of the result, with what this operation alone has to be told in front.
   *
   * @param passes they are good for one write only.
   */
  bytesOf(delivery: Delivery, passes: boolean): Uint8Array {
    const told = this.#untold && this.#takeTold(this.#untold);
    if (told) return withExtension(delivery.bytes, told);
    return passes && delivery instanceof ShortDelivery ? delivery.passingBytes() : delivery.bytes;
  }

  #toTell(): Untold {
    return (this.#untold ??= { gap: undefined, behind: 0, conflated: 0 });
  }

  /** What may be told with the result that leaves now. */
  #takeTold({ gap, behind, conflated }: Untold): object | undefined {
    const due = behind === 0 ? gap : undefined;
    this.#untold = gap === due ? undefined : { gap, behind, conflated: 0 };
    if (due === undefined && conflated === 0) return undefined;
    return { ...(due !== undefined && { gap: { reason: due } }), ...(conflated > 0 && { conflated }) };
  }
}
