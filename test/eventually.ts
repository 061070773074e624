import { vi } from "vitest";

/** Milliseconds that a condition may take to come true on a machine that is busy with other things. */
export const patience = 60_000;

/** Resolves with what the assertion returns as soon as it holds; rejects with its failure when it does not in time. */
export function eventually<Held>(assertion: () => Held | Promise<Held>): Promise<Held> {
  return vi.waitFor(assertion, { timeout: patience, interval: 5 });
}
