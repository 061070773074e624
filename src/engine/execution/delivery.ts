import type { Event } from "../../contract/broker.ts";
import { encode } from "./result.ts";

/** One result of an event, encoded once for everybody who gets it. */
export interface Delivery {
  /** Undefined for a result that no event caused, such as an initial value. */
  readonly event: Event | undefined;
  /** The result as JSON. */
  readonly bytes: Uint8Array;
}

/** Texts up to this length, in UTF-16 units, are written by way of {@link scratch}. */
const shortText = 1_000;

/** A UTF-16 unit takes at most three bytes. */
const scratch = Buffer.allocUnsafeSlow(3 * shortText);
let scratchView = scratch;
let inScratch: ShortDelivery | undefined;

/**
 * A short result. Bytes of its own cost more than all else that is done for it, and more again when they are collected,
 * so it gets them only when somebody keeps it.
 */
export class ShortDelivery implements Delivery {
  readonly event: Event | undefined;
  readonly #text: string;
  #bytes: Uint8Array | undefined;

  constructor(event: Event | undefined, text: string) {
    this.event = event;
    this.#text = text;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= encode(this.#text);
    return this.#bytes;
  }

  /** The same bytes, but good only until those of another result are asked for: for one write that copies them. */
  passingBytes(): Uint8Array {
    return this.#bytes ?? scratchBytes(this, this.#text);
  }
}

function scratchBytes(delivery: ShortDelivery, text: string): Uint8Array {
  if (inScratch === delivery) return scratchView;
  const length = scratch.write(text);
  if (scratchView.length !== length) scratchView = scratch.subarray(0, length);
  inScratch = delivery;
  return scratchView;
}

/** @param text the result as JSON. */
export function deliveryOf(event: Event | undefined, text: string): Delivery {
  return text.length > shortText ? { event, bytes: encode(text) } : new ShortDelivery(event, text);
}
