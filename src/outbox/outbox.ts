import { keepShape } from "../base/kept-shape.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import { encode } from "../engine/execution/result.ts";

/** The owner of results in an outbox: an operation's queue, which counts its own results. */
export interface OutboxOwner {
  /** The operation's id. A later operation may have the same id. */
  readonly id: string;
  /** Bytes of the message that carries a result. */
  sizeOf(delivery: Delivery): number;
  /** Called with 1 when a result is added, and with -1 when it is removed. */
  queued(delivery: Delivery, by: 1 | -1): void;
  /** Called when a result will not be sent. */
  dropped(delivery: Delivery, why: "overflow" | "ended"): void;
}

/** A protocol message, such as an acknowledgement, as distinct from a result. */
interface Message extends Delivery {
  /** The id of the operation that the message is about; undefined for a message about the connection. */
  readonly about: string | undefined;
}

/**
 * A FIFO queue before the socket of a session: of results of operations, and of protocol messages. It holds
 * references to shared bytes, never copies. It enforces no bound: that is the writer's part.
 */
export class Outbox<Owner extends OutboxOwner> {
  // A structure of arrays: an entry allocates no object.
  #owners: (Owner | undefined)[] = [];
  #contents: (Delivery | Message)[] = [];
  #bytes = 0;
  #messageBytes = 0;

  get messages(): number {
    return this.#contents.length;
  }

  /** Bytes of all results in the outbox. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of all protocol messages in the outbox. */
  get messageBytes(): number {
    return this.#messageBytes;
  }

  add(operation: Owner, delivery: Delivery): void {
    this.#owners.push(operation);
    this.#contents.push(delivery);
    this.#bytes += operation.sizeOf(delivery);
    operation.queued(delivery, 1);
  }

  /** Adds a protocol message, which no overflow policy drops. */
  addMessage(bytes: Uint8Array, about?: string): void {
    const message: Message = { event: undefined, bytes, about };
    this.#owners.push(undefined);
    this.#contents.push(message);
    this.#messageBytes += bytes.length;
  }

  /** Takes entries, oldest first, until `maxBytes` are reached; the last entry may exceed it. */
  take(maxBytes: number, visit: (operation: Owner | undefined, delivery: Delivery) => void): void {
    let taken = 0;
    let bytes = 0;
    while (taken < this.#contents.length && bytes < maxBytes) {
      const owner = this.#owners[taken];
      const delivery = this.#contents[taken];
      taken += 1;
      if (!delivery) continue;
      bytes += delivery.bytes.length;
      if (owner) this.#forget(owner, delivery);
      else this.#messageBytes -= delivery.bytes.length;
      visit(owner, delivery);
    }
    if (taken === this.#contents.length) {
      this.#owners.length = 0;
      this.#contents.length = 0;
    } else {
      this.#owners.splice(0, taken);
      this.#contents.splice(0, taken);
    }
  }

  /** The operation with the most bytes among those with results in the outbox; `first` if none has more. */
  fullest(first: Owner, bytesOf: (operation: Owner) => number): Owner {
    let fullest = first;
    for (const owner of this.#owners) if (owner && bytesOf(owner) > bytesOf(fullest)) fullest = owner;
    return fullest;
  }

  /** Drops the oldest result of an operation. Returns false if it has none. */
  dropOldest(operation: Owner): boolean {
    return this.#dropAt(this.#owners.indexOf(operation));
  }

  /** Drops the newest result of an operation. Returns false if it has none. */
  dropNewest(operation: Owner): boolean {
    return this.#dropAt(this.#owners.lastIndexOf(operation));
  }

  /**
   * Conflates the results of an operation: keeps only the newest of each key, and none with the key of `next`. Returns
   * the number of dropped results. If `keyOf` throws, it drops none and rethrows.
   */
  conflate(operation: Owner, keyOf: (delivery: Delivery) => string | number, next: Delivery): number {
    const seen = new Set([keyOf(next)]);
    const old: number[] = [];
    for (let index = this.#owners.length - 1; index >= 0; index -= 1) {
      const delivery = this.#contents[index];
      if (this.#owners[index] !== operation || !delivery) continue;
      const key = keyOf(delivery);
      if (seen.has(key)) old.push(index);
      seen.add(key);
    }
    for (const index of old) this.#dropAt(index);
    return old.length;
  }

  /** Drops the results and messages of all operations with this id: a running one, and others that have ended. */
  dropAll(id: string): void {
    const [owners, contents] = [this.#owners, this.#contents];
    this.#owners = [];
    this.#contents = [];
    for (const [index, delivery] of contents.entries()) {
      const owner = owners[index];
      if ((owner ? owner.id : aboutOf(delivery)) !== id) {
        this.#owners.push(owner);
        this.#contents.push(delivery);
      } else if (owner) {
        this.#forget(owner, delivery);
        owner.dropped(delivery, "ended");
      } else this.#messageBytes -= delivery.bytes.length;
    }
  }

  #dropAt(index: number): boolean {
    if (index < 0) return false;
    const [owner] = this.#owners.splice(index, 1);
    const [delivery] = this.#contents.splice(index, 1);
    if (!owner || !delivery) return true;
    this.#forget(owner, delivery);
    owner.dropped(delivery, "overflow");
    return true;
  }

  #forget(owner: Owner, delivery: Delivery): void {
    this.#bytes -= owner.sizeOf(delivery);
    owner.queued(delivery, -1);
  }
}

// A writer has one only while it waits for its socket.
keepShape(new Outbox());

function aboutOf(content: Delivery | Message): string | undefined {
  return "about" in content ? content.about : undefined;
}

const decoder = new TextDecoder();

/** A result's JSON with `extensions.fanfare` set, before the data, so that a streaming reader gets it first. */
export function withExtension(bytes: Uint8Array, fanfare: object): Uint8Array {
  const result: unknown = JSON.parse(decoder.decode(bytes));
  const { extensions, ...rest } = asObject(result);
  return encode(JSON.stringify({ extensions: { ...asObject(extensions), fanfare }, ...rest }));
}

function asObject(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
