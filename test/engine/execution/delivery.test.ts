import { describe, expect, it } from "vitest";
import type { Event } from "../../../src/contract/broker.ts";
import { deliveryOf, ShortDelivery } from "../../../src/engine/execution/delivery.ts";

const event: Event = { topic: "a", id: "1", time: 0, payload: {}, position: "1" };
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function short(text: string): ShortDelivery {
  const delivery = deliveryOf(event, text);
  if (!(delivery instanceof ShortDelivery)) throw new TypeError("It is not short");
  return delivery;
}

describe("A result", () => {
  it.each([
    ["empty", ""],
    ["of ASCII", '{"data":{"a":1}}'],
    ["of several bytes per character", "ключ 🏊 ".repeat(20)],
    ["as long as a short one may be", "€".repeat(1_000)],
    ["that is longer", "€".repeat(1_001)],
  ])("%s is its event and its bytes", (_what, text) => {
    const delivery = deliveryOf(event, text);
    expect(delivery.event).toBe(event);
    expect(textOf(delivery.bytes)).toBe(text);
    expect(delivery.bytes).toBe(delivery.bytes);
  });

  it("that is short has the same bytes for one write, as often as it is written", () => {
    const text = "ключ 🏊";
    const delivery = short(text);
    expect(textOf(delivery.passingBytes())).toBe(text);
    expect(textOf(delivery.passingBytes())).toBe(text);
    expect(textOf(delivery.bytes)).toBe(text);
    expect(textOf(delivery.passingBytes())).toBe(text);
  });

  it("that is short has bytes of its own for those who keep it, whatever is written meanwhile", () => {
    const [kept, other, longer] = [short("kept"), short("else"), short("something longer")];
    expect(textOf(kept.passingBytes())).toBe("kept");
    const { bytes } = kept;
    for (const each of [other, longer, other]) each.passingBytes();
    expect(textOf(bytes)).toBe("kept");
    expect(textOf(longer.passingBytes())).toBe("something longer");
    expect(textOf(other.passingBytes())).toBe("else");
  });
});
