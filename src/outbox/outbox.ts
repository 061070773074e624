import type { Delivery } from "../engine/execution/delivery.ts";
import { encode } from "../engine/execution/result.ts";

/** Whose results wait: it keeps count of its own. */
export interface OutboxOwner {
  /** The operation's. Another may have it, once this one has ended. */
  readonly id: string;
  /** Bytes that a result takes on its way to this owner. */
  sizeOf(delivery: Delivery): number;
  /** Called with 1 when a result begins to wait and with -1 when it no longer does. */
  queued(delivery: Delivery, by: 1 | -1): void;
  /** Called when a result will not be sent. */
  dropped(delivery: Delivery, why: "overflow" | "ended"): void;
}

/** A message of the protocol. */
interface Message extends Delivery {
  /** The id of the operation that it is about. */
  readonly about: string | undefined;
}

/**
 * What waits for one session's socket, in order: results of operations, and messages of the protocol. Holds references
 * to shared bytes, never copies. Who may add, and what has to go when it is full, is the session's decision.
 */
export class Outbox<Owner extends OutboxOwner> {
  // Two arrays instead of one of pairs: an entry costs no object.
  #owners: (Owner | undefined)[] = [];
  #contents: (Delivery | Message)[] = [];
  #bytes = 0;
  #messageBytes = 0;

  get messages(): number {
    return this.#contents.length;
  }

  /** Bytes of all results that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of all messages of the protocol that wait. */
  get messageBytes(): number {
    return this.#messageBytes;
  }

  /** Adds a result. */
  add(operation: Owner, delivery: Delivery): void {
    this.#owners.push(operation);
    this.#contents.push(delivery);
    this.#bytes += operation.sizeOf(delivery);
    operation.queued(delivery, 1);
  }

  /** Adds a message of the protocol, which no policy drops. */
  addMessage(bytes: Uint8Array, about?: string): void {
    const message: Message = { event: undefined, bytes, about };
    this.#owners.push(undefined);
    this.#contents.push(message);
    this.#messageBytes += bytes.length;
  }

  /** Takes at most `maxBytes` of what waits, but at least one entry, oldest first. */
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

  /** Of which operation most bytes wait, of those that have something here; `first` if none has more than that one. */
  fullest(first: Owner, bytesOf: (operation: Owner) => number): Owner {
    let fullest = first;
    for (const owner of this.#owners) if (owner && bytesOf(owner) > bytesOf(fullest)) fullest = owner;
    return fullest;
  }

  /** Drops what an operation has waited for longest; false if nothing of it waits. */
  dropOldest(operation: Owner): boolean {
    return this.#dropAt(this.#owners.indexOf(operation));
  }

  dropNewest(operation: Owner): boolean {
    return this.#dropAt(this.#owners.lastIndexOf(operation));
  }

  /**
   * Keeps only the newest result of each key, and none with the key of `next`. Answers how many it dropped; none if
   * `keyOf` throws.
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

  /** Drops everything of the operations with this id, of which one may run and others have ended. */
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

function aboutOf(content: Delivery | Message): string | undefined {
  return "about" in content ? content.about : undefined;
}

const decoder = new TextDecoder();

/** A result's JSON with `extensions.fanfare` set, written before the data, so that a reader meets it first. */
export function withExtension(bytes: Uint8Array, fanfare: object): Uint8Array {
  const result: unknown = JSON.parse(decoder.decode(bytes));
  const { extensions, ...rest } = asObject(result);
  return encode(JSON.stringify({ extensions: { ...asObject(extensions), fanfare }, ...rest }));
}

function asObject(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
