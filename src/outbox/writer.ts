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

/** What all writers of a server have in common. */
export interface WriterHost {
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly limits: OutboxLimits;
}

export interface OutboxLimits {
  /** Bytes that may wait for one session's socket. Default 262,144. Over it: the fullest queue's policy. */
  readonly outboxBytes: number;
  /** Messages that may wait for one session's socket. Default 1,000. Over it: the fullest queue's policy. */
  readonly outboxMessages: number;
}

/** Whose connection is written to. */
export interface WriterOwner {
  readonly id: string;
  readonly host: WriterHost;
  end(code: CloseCode): void;
}

const nothing = new Uint8Array();
// One array for all writers: a flush fills it, hands it to the socket and empties it, all in one go.
const parts: Uint8Array[] = [];
// True while that array is being filled: an application's `visible` runs then, and could make another session write.
let packing = false;
/** A socket is given at most this much at once, so that what it cannot take stays where policies reach it. */
const maxWriteBytes = 65_536;

/** The outgoing half of one connection: what waits for the socket, within its bounds, and what is written when. */
export class Writer implements FanOutTarget {
  // First what every delivery looks at, so that it lies together in memory.
  readonly socket: Socket;
  /** Undefined while nothing waits, which is nearly always. */
  #outbox: Outbox<Queue> | undefined;
  #closed = false;
  /** Several operations may have results for the same write. */
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

  /** Another operation of this connection may still be reached in this turn. */
  get mayReceiveMore(): boolean {
    return this.sharesWrites;
  }

  /** Whether anything waits for the socket. */
  get isIdle(): boolean {
    return this.#outbox === undefined;
  }

  /** A queue for a new operation. */
  queue(id: string): Queue {
    return new Queue(this.#owner.id, id, this.dialect.envelope(id));
  }

  /** Takes a result of one operation, as far as the bounds allow. */
  send(queue: Queue, delivery: Delivery): void {
    if (this.#closed) return;
    if (!this.#makeRoom(queue, delivery)) return queue.dropped(delivery, "overflow");
    this.#add(queue, delivery);
  }

  /** Takes a result that its operation gives only when nothing waits, so that no bound has to be asked. */
  sendWhenIdle(queue: Queue, delivery: Delivery): void {
    if (this.#closed || this.writeThrough(queue, [delivery])) return;
    this.#add(queue, delivery);
  }

  /**
   * Writes results at once, without a detour by the outbox. Only where that changes nothing else: nothing waits, the
   * socket takes more, and no other operation could have results for the same write. False if the outbox has to.
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
    // What answers a message that was not understood is about no operation, even if it has its id.
    const about = "id" in message && message.type !== "invalid" ? message.id : undefined;
    for (const bytes of this.socket.says?.(message) ?? this.dialect.encode(message)) {
      if (this.#closed || !this.#makeRoomForMessage()) return;
      this.#outbox ??= new Outbox();
      this.#outbox.addMessage(bytes, about);
      this.#schedule();
    }
  }

  /** Whether a result may be queued, by the bounds of its operation and of the whole connection. */
  fits(queue: Queue, delivery: Delivery): boolean {
    const { outboxBytes, outboxMessages } = this.#owner.host.limits;
    if (!queue.fits(delivery)) return false;
    if (!this.#outbox || this.#outbox.bytes === 0) return true;
    const fitsBytes = this.#outbox.bytes + queue.sizeOf(delivery) <= outboxBytes;
    return fitsBytes && this.#outbox.messages < outboxMessages;
  }

  /** Resolves when something that waits has been written, or the connection has ended. */
  whenFlushed(): Promise<void> {
    this.#flushed ??= Promise.withResolvers();
    return this.#flushed.promise;
  }

  /**
   * Applies the policy of `victim` to what waits in an outbox, so that `delivery` fits for `queue`. False if `delivery`
   * itself has to go.
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

  /** Drops what waits of the operations with this id, of which one may run and others have ended. */
  dropAll(id: string): void {
    // The outbox must not change under a write; what is left out then is left out by the write itself.
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

  /** Drops what waits, and takes nothing any more. What was written still goes out. */
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

  /** Writes what waits, or applies policies, until a result fits. False if it must not be queued. */
  #makeRoom(queue: Queue, delivery: Delivery): boolean {
    if (this.fits(queue, delivery)) return true;
    this.flush();
    while (this.#outbox && !this.fits(queue, delivery)) {
      const victim = queue.fits(delivery) ? this.#outbox.fullest(queue, ({ bytes }) => bytes) : queue;
      if (!this.relieve(this.#outbox, victim, queue, delivery)) return false;
    }
    return true;
  }

  /** Messages of the protocol cannot be left out: a client that has them pile up and reads none has to go. */
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
 * Puts one entry of an outbox among the parts of the next write, unless it must not leave any more.
 *
 * @param passes it is the only one of its write, which needs its bytes no longer than that takes.
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
