import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Delivery } from "../../src/engine/execution/delivery.ts";
import { Outbox, type OutboxOwner } from "../../src/outbox/outbox.ts";

const head = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

class Owner implements OutboxOwner {
  readonly id: string;
  waiting = 0;

  constructor(id: string) {
    this.id = id;
  }

  sizeOf(delivery: Delivery): number {
    return head + delivery.bytes.length;
  }

  queued(_delivery: Delivery, by: 1 | -1): void {
    this.waiting += by;
  }

  dropped(): void {}
}

/** An outbox of texts, of which the first letter is the key. Owners are numbers, and messages are about them, too. */
interface Box {
  add(owner: number, text: string): void;
  message(owner: number, text: string): void;
  oldest(owner: number): boolean;
  newest(owner: number): boolean;
  all(owner: number): void;
  conflate(owner: number, next: string): number;
  take(): readonly string[];
  counts(): readonly number[];
}

function keyOf({ bytes }: Delivery): string {
  return decoder.decode(bytes).slice(0, 1);
}

class RealBox implements Box {
  readonly #outbox = new Outbox<Owner>();
  readonly #owners = [new Owner("0"), new Owner("1")];

  add(owner: number, text: string): void {
    this.#outbox.add(this.#owner(owner), { event: undefined, bytes: encoder.encode(text) });
  }

  message(owner: number, text: string): void {
    this.#outbox.addMessage(encoder.encode(text), String(owner));
  }

  oldest(owner: number): boolean {
    return this.#outbox.dropOldest(this.#owner(owner));
  }

  newest(owner: number): boolean {
    return this.#outbox.dropNewest(this.#owner(owner));
  }

  all(owner: number): void {
    this.#outbox.dropAll(String(owner));
  }

  conflate(owner: number, next: string): number {
    return this.#outbox.conflate(this.#owner(owner), keyOf, { event: undefined, bytes: encoder.encode(next) });
  }

  take(): readonly string[] {
    const taken: string[] = [];
    this.#outbox.take(Infinity, (owner, { bytes }) => {
      taken.push(`${owner ? this.#owners.indexOf(owner) : -1} ${decoder.decode(bytes)}`);
    });
    return taken;
  }

  counts(): readonly number[] {
    const { messages, bytes, messageBytes } = this.#outbox;
    return [messages, bytes, messageBytes, ...this.#owners.map(({ waiting }) => waiting)];
  }

  #owner(index: number): Owner {
    const owner = this.#owners[index];
    if (!owner) throw new RangeError(`No owner ${index}`);
    return owner;
  }
}

interface Entry {
  /** Whose result it is; -1 is the protocol. */
  readonly owner: number;
  /** Whom it concerns. */
  readonly about: number;
  readonly text: string;
}

function length(entries: readonly Entry[]): number {
  return entries.reduce((sum, { text }) => sum + text.length, 0);
}

/** A plain list. */
class ListBox implements Box {
  #entries: readonly Entry[] = [];

  add(owner: number, text: string): void {
    this.#entries = [...this.#entries, { owner, about: owner, text }];
  }

  message(owner: number, text: string): void {
    this.#entries = [...this.#entries, { owner: -1, about: owner, text }];
  }

  oldest(owner: number): boolean {
    return this.#drop(this.#of(owner).slice(0, 1)) > 0;
  }

  newest(owner: number): boolean {
    return this.#drop(this.#of(owner).slice(-1)) > 0;
  }

  all(owner: number): void {
    this.#drop(this.#entries.filter(({ about }) => about === owner));
  }

  conflate(owner: number, next: string): number {
    const own = [...this.#of(owner), { owner, about: owner, text: next }];
    return this.#drop(
      own.filter((entry, index) => own.slice(index + 1).some((later) => later.text[0] === entry.text[0])),
    );
  }

  take(): readonly string[] {
    const taken = this.#entries.map(({ owner, text }) => `${owner} ${text}`);
    this.#entries = [];
    return taken;
  }

  counts(): readonly number[] {
    const [results, messages] = [this.#entries.filter(({ owner }) => owner >= 0), this.#of(-1)];
    const bytes = length(results) + head * results.length;
    return [this.#entries.length, bytes, length(messages), this.#of(0).length, this.#of(1).length];
  }

  #of(owner: number): readonly Entry[] {
    return this.#entries.filter((entry) => entry.owner === owner);
  }

  #drop(entries: readonly Entry[]): number {
    this.#entries = this.#entries.filter((entry) => !entries.includes(entry));
    return entries.length;
  }
}

const steps = fc.array(
  fc.record({
    act: fc.constantFrom(
      ...(["add", "add", "add", "add", "message", "oldest", "newest", "all", "conflate", "conflate", "take"] as const),
    ),
    owner: fc.nat(1),
    text: fc.constantFrom("x", "xx", "y", "yyy", "z"),
  }),
  { maxLength: 40 },
);

it("An outbox keeps order and counts right, whatever is done to it", () => {
  fc.assert(
    fc.property(steps, (acts) => {
      const [real, list]: readonly Box[] = [new RealBox(), new ListBox()];
      for (const { act, owner, text } of acts) {
        expect([real?.[act](owner, text), real?.counts()]).toEqual([list?.[act](owner, text), list?.counts()]);
      }
      expect(real?.take()).toEqual(list?.take());
    }),
    { numRuns: 500 },
  );
});
