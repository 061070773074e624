import { keepShape } from "../../base/kept-shape.ts";
import type { Event } from "../../contract/broker.ts";
import { encode } from "./result.ts";

/** An encoded result and its event, shared by all members of a cohort. */
export interface Delivery {
  /** Undefined for an initial value, and for a value of a foreign source. */
  readonly event: Event | undefined;
  /** The result as JSON. */
  readonly bytes: Uint8Array;
}

/** The length, in UTF-16 code units, up to which a text is encoded into {@link scratch}. */
const shortText = 1_000;

/** A scratch buffer for one short text: a UTF-16 code unit takes at most three bytes of UTF-8. */
const scratch = Buffer.allocUnsafeSlow(3 * shortText);
let scratchView = scratch;
let inScratch: ShortDelivery | undefined;

/**
 * A short result, whose bytes are allocated lazily: only if a queue keeps it. Allocation and garbage collection of
 * bytes would cost more than the rest of its delivery.
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

  /** The same bytes, in a scratch buffer: valid until the next call for another result. The caller has to copy them. */
  passingBytes(): Uint8Array {
    return this.#bytes ?? scratchBytes(this, this.#text);
  }
}

keepShape(new ShortDelivery(undefined, ""));

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
