import { FanfareError } from "../base/error.ts";
import { PushIterator } from "../base/push-iterator.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import { Life, type Hold } from "./life.ts";

/** An operation whose results code of this process reads by an async iterator, at its own pace. */
export abstract class IteratedOperation<Value> extends Life {
  readonly values: PushIterator<Value>;
  readonly #limit: number;
  readonly #onEnd: () => void;

  /**
   * @param limit values that may wait for the reader; one more ends the iteration with OVERFLOW.
   * @param onEnd called once, when the operation has ended.
   */
  constructor(limit: number, onEnd: () => void) {
    super();
    this.#limit = limit;
    this.#onEnd = onEnd;
    this.values = new PushIterator(limit, () => this.end("client"));
  }

  overflow(): void {
    this.values.fail(new FanfareError("OVERFLOW", `The reader is more than ${this.#limit} values behind`));
  }

  overloaded(): void {
    this.overflow();
  }

  whenReady(): Promise<void> | undefined {
    return this.values.whenReady();
  }

  whenTaken(): Promise<void> | undefined {
    return this.values.whenTaken();
  }

  protected abstract toValue(delivery: Delivery): Value;

  protected pass(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.passFirst(delivery);
  }

  protected passFirst(delivery: Delivery): void {
    if (this.isVisible(delivery)) this.values.push(this.toValue(delivery));
  }

  protected whenIdle(): Promise<void> | undefined {
    return this.values.whenReady();
  }

  protected hold(): Hold {
    const held: Delivery[] = [];
    return {
      add: (deliveries) => {
        if (held.length + deliveries.length > this.#limit) this.overflow();
        else held.push(...deliveries);
      },
      take: () => held.splice(0),
    };
  }

  protected sayComplete(): void {
    this.values.end();
  }

  protected over(): void {
    this.values.end();
    this.#onEnd();
  }
}
