import type { Delivery } from "../engine/execution/delivery.ts";
import { Outbox } from "./outbox.ts";
import type { Queue } from "./queue.ts";
import type { Writer } from "./writer.ts";

/** Results that are held back, under the bound and the overflow policy of their queue. */
export class HeldResults {
  readonly #writer: Writer;
  readonly #queue: Queue;
  readonly #outbox = new Outbox<Queue>();

  constructor(writer: Writer, queue: Queue) {
    this.#writer = writer;
    this.#queue = queue;
  }

  add(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      let room = true;
      while (room && !this.#queue.fits(delivery)) {
        room = this.#writer.relieve(this.#outbox, this.#queue, this.#queue, delivery);
      }
      if (room) this.#outbox.add(this.#queue, delivery);
    }
  }

  /** Removes and returns the results, in order. */
  take(): readonly Delivery[] {
    const deliveries: Delivery[] = [];
    this.#outbox.take(Infinity, (_, delivery) => deliveries.push(delivery));
    return deliveries;
  }
}
