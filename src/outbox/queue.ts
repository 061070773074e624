import type { GapReason } from "../contract/broker.ts";
import { telemetry } from "../contract/telemetry.ts";
import { queueBound, type QueueBound } from "../declare/queue.ts";
import type { Envelope } from "../dialects/message.ts";
import { ShortDelivery, type Delivery } from "../engine/execution/delivery.ts";
import { withExtension, type OutboxOwner } from "./outbox.ts";

/** The bound of queries and mutations, which have a single result. */
const singleResult: QueueBound = queueBound();

/** Decides about the visibility of results: an operation. */
export interface Beholder {
  /** Whether the viewer may see a result now. Never throws. */
  isVisible(delivery: Delivery): boolean;
}

/** Losses that the client has to be told in `extensions.fanfare` of one of the next results. */
interface Untold {
  gap: GapReason | undefined;
  /** The number of results that have to leave the queue before the gap is told, with the last of them. */
  behind: number;
  /** The number of conflated results. */
  conflated: number;
}

/**
 * One operation's share of its session's outbox: its bound, the losses that the client is still to be told, and the
 * checks when a result leaves. Its results are entries of the outbox.
 */
export class Queue implements OutboxOwner {
  // The fields that each delivery reads come first, so that they share a cache line.
  readonly envelope: Envelope;
  /** Whether no further result may be sent, not even those in the outbox. */
  muted = false;
  /** Decides about each result as it leaves; undefined if all are visible. */
  beholder: Beholder | undefined;
  /** Undefined while there are no losses to tell, which is the usual case. */
  #untold: Untold | undefined;
  #messages = 0;
  #bytes = 0;
  bound: QueueBound = singleResult;
  readonly id: string;
  readonly #session: string;
  #ready: PromiseWithResolvers<void> | undefined;

  /**
   * @param session the id of the session, for telemetry.
   * @param id of the operation.
   */
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

  /** Whether a result may be queued. An empty queue takes any result, even one over the bound. */
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

  /**
   * Records a gap, to be told with one of the next results.
   *
   * @param behind the number of queued results before the gap. Default: all.
   */
  gap(reason: GapReason, behind: number = this.#messages): void {
    // The result that carries the gap counts as well, since it leaves the queue.
    const leaving = behind === 0 ? 0 : behind + 1;
    const untold = this.#toTell();
    untold.behind = untold.gap === undefined ? leaving : Math.min(untold.behind, leaving);
    untold.gap ??= reason;
    const channel = telemetry["delivery.gap"];
    if (channel.hasSubscribers) channel.publish({ session: this.#session, operation: this.id, reason });
  }

  /** Records conflation: results or events were replaced by newer ones with the same key. */
  conflated(count: number): void {
    this.#toTell().conflated += count;
  }

  /** Called before results are written through: in an empty queue, a gap is told with the next result. */
  settleGap(): void {
    if (this.#untold && this.#messages === 0) this.#untold.behind = 0;
  }

  /** Back-pressure: resolves when there is room, or the operation has ended. Waiters share the promise. */
  whenReady(): Promise<void> {
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  /** Resolves the promise of {@link whenReady}. */
  release(): void {
    this.#ready?.resolve();
    this.#ready = undefined;
  }

  /** The reason why a result must not leave now; undefined if it may. */
  withheld(delivery: Delivery): "ended" | "hidden" | undefined {
    if (this.muted) return "ended";
    return this.beholder && !this.beholder.isVisible(delivery) ? "hidden" : undefined;
  }

  /**
   * The bytes to send: those of the result, with the losses that this operation has to be told.
   *
   * @param passes whether the bytes are copied by the next write, so that a scratch buffer may hold them.
   */
  bytesOf(delivery: Delivery, passes: boolean): Uint8Array {
    const told = this.#untold && this.#takeTold(this.#untold);
    if (told) return withExtension(delivery.bytes, told);
    return passes && delivery instanceof ShortDelivery ? delivery.passingBytes() : delivery.bytes;
  }

  #toTell(): Untold {
    return (this.#untold ??= { gap: undefined, behind: 0, conflated: 0 });
  }

  /** Takes the losses that are to be told with the result that leaves now. */
  #takeTold({ gap, behind, conflated }: Untold): object | undefined {
    const due = behind === 0 ? gap : undefined;
    this.#untold = gap === due ? undefined : { gap, behind, conflated: 0 };
    if (due === undefined && conflated === 0) return undefined;
    return { ...(due !== undefined && { gap: { reason: due } }), ...(conflated > 0 && { conflated }) };
  }
}
