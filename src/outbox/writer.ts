import { closeCodes, type CloseCode } from "../base/close-code.ts";
import type { Log } from "../contract/log.ts";
import type { Socket } from "../contract/socket.ts";
import { telemetry } from "../contract/telemetry.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { ServerMessage } from "../dialects/message.ts";
import type { FanOut, FanOutTarget } from "../engine/cohort/fan-out.ts";
import { ShortDelivery, type Delivery } from "../engine/execution/delivery.ts";
import { Outbox } from "./outbox.ts";
import { relieve } from "./overflow.ts";
import { Queue } from "./queue.ts";

/** The parts and limits that all writers of a server have in common. */
export interface WriterHost {
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly limits: OutboxLimits;
}

/** Limits of one session's outbox (PROTOCOL 6). */
export interface OutboxLimits {
  /**
   * Bytes of results in the outbox; over it, the overflow policy of the fullest queue applies. Also bytes of protocol
   * messages in it; over it, the connection is closed with 4413. Default: 262,144.
   */
  readonly outboxBytes: number;
  /** Messages in the outbox; over it, the overflow policy of the fullest queue applies. Default: 1,000. */
  readonly outboxMessages: number;
}

/** The session of a writer. */
export interface WriterOwner {
  readonly id: string;
  readonly host: WriterHost;
  end(code: CloseCode): void;
}

const nothing = new Uint8Array();
// One array for all writers: a flush fills it, hands it to the socket and empties it, synchronously.
const parts: Uint8Array[] = [];
// True while that array is filled. Guards against re-entrant writes: an application's `visible` runs then, and may
// publish, or end an operation.
let packing = false;
/** The most bytes written to a socket at once: results that it cannot take stay in the outbox, under its policies. */
const maxWriteBytes = 65_536;

/** The outgoing half of a connection: keeps the bounds of the outbox, and coalesces writes per turn. */
export class Writer implements FanOutTarget {
  // The fields that each delivery reads come first, so that they share a cache line.
  readonly socket: Socket;
  /** Undefined while it would be empty, which is the usual case. */
  #outbox: Outbox<Queue> | undefined;
  #closed = false;
  /** Whether the session has several operations, whose results of one turn are coalesced into one write. */
  sharesWrites = false;
  #scheduled = false;
  readonly dialect: Dialect;
  readonly #owner: WriterOwner;
  #flushed: PromiseWithResolvers<void> | undefined;

  constructor(owner: WriterOwner, socket: Socket, dialect: Dialect) {
    this.socket = socket;
    this.#owner = owner;
    this.dialect = dialect;
  }

  /** Whether another operation of this session may still get results in this turn. */
  get mayReceiveMore(): boolean {
    return this.sharesWrites;
  }

  /** Whether the outbox is empty. */
  get isIdle(): boolean {
    return this.#outbox === undefined;
  }

  /** Makes the queue of a new operation. */
  queue(id: string): Queue {
    return new Queue(this.#owner.id, id, this.dialect.envelope(id));
  }

  /** Queues a result of an operation, under the bounds of its queue and of the outbox. */
  send(queue: Queue, delivery: Delivery): void {
    if (this.#closed) return;
    if (!this.#makeRoom(queue, delivery)) return queue.dropped(delivery, "overflow");
    this.#add(queue, delivery);
  }

  /** Writes or queues a result without a check of bounds. The caller has to wait for {@link isIdle} before. */
  sendWhenIdle(queue: Queue, delivery: Delivery): void {
    if (this.#closed || this.writeThrough(queue, [delivery])) return;
    this.#add(queue, delivery);
  }

  /**
   * Writes results at once, without the outbox. Possible only if the outbox is empty, the socket takes more, and no
   * other operation may have results for the same write. Returns false if they have to be queued.
   */
  writeThrough(queue: Queue, deliveries: readonly Delivery[]): boolean {
    if (packing || this.#outbox || this.#closed || this.sharesWrites || this.socket.blocked) return false;
    const passes = deliveries.length === 1 && deliveries[0] instanceof ShortDelivery;
    if (!passes && bytesOf(deliveries) > maxWriteBytes) return false;
    packing = true;
    for (const delivery of deliveries) pack(queue, delivery, passes);
    this.#writeParts();
    return true;
  }

  sendMessage(message: ServerMessage): void {
    // The answer to an invalid message is not about an operation, even if it has the id of one.
    const about = "id" in message && message.type !== "invalid" ? message.id : undefined;
    for (const bytes of this.socket.says?.(message) ?? this.dialect.encode(message)) {
      if (this.#closed || !this.#makeRoomForMessage()) return;
      this.#outbox ??= new Outbox();
      this.#outbox.addMessage(bytes, about);
      this.#schedule();
    }
  }

  /** Whether a result may be queued, under the bounds of its queue and of the outbox. */
  fits(queue: Queue, delivery: Delivery): boolean {
    const { outboxBytes, outboxMessages } = this.#owner.host.limits;
    if (!queue.fits(delivery)) return false;
    if (!this.#outbox || this.#outbox.bytes === 0) return true;
    const fitsBytes = this.#outbox.bytes + queue.sizeOf(delivery) <= outboxBytes;
    return fitsBytes && this.#outbox.messages < outboxMessages;
  }

  /** Back-pressure: resolves after the next flush, or when the connection has ended. Waiters share the promise. */
  whenFlushed(): Promise<void> {
    this.#flushed ??= Promise.withResolvers();
    return this.#flushed.promise;
  }

  /**
   * Applies the overflow policy of `victim` in an outbox, to make room for `delivery` of `queue`. Returns false if
   * `delivery` has to be dropped.
   */
  relieve(outbox: Outbox<Queue>, victim: Queue, queue: Queue, delivery: Delivery): boolean {
    this.tellOverflow(victim);
    const relief = relieve(outbox, victim, queue, delivery, this.#owner.host.log);
    if (relief === "disconnect") this.#owner.end(closeCodes.tooSlow);
    return relief === "room";
  }

  tellOverflow(queue: Queue): void {
    const channel = telemetry["queue.overflow"];
    if (!channel.hasSubscribers) return;
    channel.publish({ session: this.#owner.id, operation: queue.id, policy: queue.bound.overflow });
  }

  /**
   * Drops the queued results and messages of all operations with this id: a running one, and others that have ended.
   */
  dropAll(id: string): void {
    // Re-entrant: the outbox must not change during a write. `pack` leaves out the results of a muted queue then.
    if (!packing) this.#outbox?.dropAll(id);
  }

  flush(): void {
    this.#scheduled = false;
    const outbox = this.#outbox;
    if (!outbox) return;
    if (packing) return this.#schedule();
    while (outbox.messages > 0 && !this.socket.blocked) {
      packing = true;
      outbox.take(maxWriteBytes, pack);
      this.#writeParts();
    }
    if (outbox.messages === 0) this.#outbox = undefined;
    this.#tellFlushed();
  }

  /** Drops the outbox, and takes no more messages. Bytes that were written to the socket are still sent. */
  close(): void {
    this.#closed = true;
    this.#outbox = undefined;
    this.#tellFlushed();
  }

  #add(queue: Queue, delivery: Delivery): void {
    this.#outbox ??= new Outbox();
    this.#outbox.add(queue, delivery);
    this.#schedule();
  }

  #tellFlushed(): void {
    this.#flushed?.resolve();
    this.#flushed = undefined;
  }

  #writeParts(): void {
    packing = false;
    if (parts.length > 0) this.socket.write(parts, parts.length / 3);
    parts.length = 0;
  }

  /** Flushes, then applies overflow policies until a result fits. Returns false if the result has to be dropped. */
  #makeRoom(queue: Queue, delivery: Delivery): boolean {
    if (this.fits(queue, delivery)) return true;
    this.flush();
    while (this.#outbox && !this.fits(queue, delivery)) {
      const victim = queue.fits(delivery) ? this.#outbox.fullest(queue, ({ bytes }) => bytes) : queue;
      if (!this.relieve(this.#outbox, victim, queue, delivery)) return false;
    }
    return true;
  }

  /** Closes the connection of a client that does not read: protocol messages, unlike results, cannot be dropped. */
  #makeRoomForMessage(): boolean {
    const { outboxBytes } = this.#owner.host.limits;
    if (!this.#outbox || this.#outbox.messageBytes < outboxBytes) return true;
    this.flush();
    if (!this.#outbox || this.#outbox.messageBytes < outboxBytes) return true;
    this.#owner.end(closeCodes.tooSlow);
    return false;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#owner.host.fanOut.addTarget(this);
  }
}

/**
 * Adds an entry of an outbox to the parts of the next write, unless it is withheld.
 *
 * @param passes whether it is the only entry of its write, so that a scratch buffer may hold its bytes.
 */
function pack(queue: Queue | undefined, delivery: Delivery, passes: boolean = false): void {
  if (!queue) return void parts.push(nothing, delivery.bytes, nothing);
  const why = queue.withheld(delivery);
  if (why) queue.dropped(delivery, why);
  else parts.push(queue.envelope.head, queue.bytesOf(delivery, passes), queue.envelope.tail);
}

function bytesOf(deliveries: readonly Delivery[]): number {
  let bytes = 0;
  for (const delivery of deliveries) bytes += delivery.bytes.length;
  return bytes;
}
