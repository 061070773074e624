import { describe, expect, it } from "vitest";
import type { Delivery } from "../../src/engine/execution/delivery.ts";
import { Outbox, type OutboxOwner } from "../../src/outbox/outbox.ts";

class Owner implements OutboxOwner {
  readonly id: string;
  readonly lost: string[] = [];
  messages = 0;

  constructor(id: string) {
    this.id = id;
  }

  sizeOf(delivery: Delivery): number {
    return 10 + delivery.bytes.length;
  }

  queued(_delivery: Delivery, by: 1 | -1): void {
    this.messages += by;
  }

  dropped(delivery: Delivery, why: "overflow" | "ended"): void {
    this.lost.push(`${textOf(delivery)} ${why}`);
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A result whose key is its first letter. */
function result(text: string): Delivery {
  return { event: undefined, bytes: encoder.encode(text) };
}

function textOf({ bytes }: Delivery): string {
  return decoder.decode(bytes);
}

function keyOf(delivery: Delivery): string {
  return textOf(delivery).slice(0, 1);
}

function keyOrThrow(delivery: Delivery): string {
  if (keyOf(delivery) === "!") throw new Error("no key");
  return keyOf(delivery);
}

function takeFrom(outbox: Outbox<Owner>, maxBytes: number = Infinity): readonly string[] {
  const taken: string[] = [];
  outbox.take(maxBytes, (owner, delivery) => taken.push(`${owner?.id ?? "-"} ${textOf(delivery)}`));
  return taken;
}

describe("An outbox", () => {
  it("gives results and messages in the order in which they came", () => {
    const outbox = new Outbox<Owner>();
    const [a, b] = [new Owner("a"), new Owner("b")];
    outbox.add(a, result("1"));
    outbox.addMessage(encoder.encode("complete"));
    outbox.add(b, result("2"));
    outbox.add(a, result("3"));
    expect(takeFrom(outbox)).toEqual(["a 1", "- complete", "b 2", "a 3"]);
    expect(outbox.messages).toBe(0);
    expect(takeFrom(outbox)).toEqual([]);
  });

  it("gives what fits into a write, but at least one", () => {
    const outbox = new Outbox<Owner>();
    const a = new Owner("a");
    for (const text of ["1234", "5678", "9", "10"]) outbox.add(a, result(text));
    expect(takeFrom(outbox, 1)).toEqual(["a 1234"]);
    expect(takeFrom(outbox, 5)).toEqual(["a 5678", "a 9"]);
    expect(takeFrom(outbox, 100)).toEqual(["a 10"]);
  });

  it("gives what is added while it is being taken from, too", () => {
    const outbox = new Outbox<Owner>();
    const a = new Owner("a");
    outbox.add(a, result("1"));
    const taken: string[] = [];
    outbox.take(Infinity, (_, delivery) => {
      if (taken.push(textOf(delivery)) === 1) outbox.add(a, result("2"));
    });
    expect(taken).toEqual(["1", "2"]);
    expect([outbox.messages, outbox.bytes, a.messages]).toEqual([0, 0, 0]);
  });

  it("counts results and messages apart", () => {
    const outbox = new Outbox<Owner>();
    outbox.add(new Owner("a"), result("123"));
    outbox.addMessage(encoder.encode("12345"));
    expect([outbox.messages, outbox.bytes, outbox.messageBytes]).toEqual([2, 13, 5]);
    takeFrom(outbox);
    expect([outbox.messages, outbox.bytes, outbox.messageBytes]).toEqual([0, 0, 0]);
  });

  it("drops the oldest or the newest of an operation, and nothing of another", () => {
    const outbox = new Outbox<Owner>();
    const [a, b, none] = [new Owner("a"), new Owner("b"), new Owner("none")];
    for (const [owner, text] of [
      [b, "0"],
      [a, "1"],
      [a, "2"],
      [a, "3"],
      [b, "4"],
    ] as const)
      outbox.add(owner, result(text));
    expect([outbox.dropOldest(a), outbox.dropNewest(a), outbox.dropOldest(none), outbox.dropNewest(none)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(takeFrom(outbox)).toEqual(["b 0", "a 2", "b 4"]);
  });

  it("keeps the newest of each key of an operation, and none with the key that comes next", () => {
    const outbox = new Outbox<Owner>();
    const [a, b] = [new Owner("a"), new Owner("b")];
    outbox.add(b, result("x0"));
    for (const text of ["x1", "y2", "x3", "y4", "z5", "z6"]) outbox.add(a, result(text));
    expect(outbox.conflate(a, keyOf, result("x7"))).toBe(4);
    expect(takeFrom(outbox)).toEqual(["b x0", "a y4", "a z6"]);
  });

  it("drops nothing if a key cannot be had", () => {
    const outbox = new Outbox<Owner>();
    const a = new Owner("a");
    for (const text of ["!1", "x2", "x3"]) outbox.add(a, result(text));
    expect(() => outbox.conflate(a, keyOrThrow, result("x4"))).toThrow("no key");
    expect(takeFrom(outbox)).toEqual(["a !1", "a x2", "a x3"]);
  });
});
