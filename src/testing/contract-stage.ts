import type { Expectation, Runner } from "./runner.ts";
import { until, within } from "./wait.ts";

/** What every case plays on: the runner's expectations, and as much patience as the suite was given. */
export class ContractStage {
  readonly #runner: Runner;
  readonly #patience: number;

  /** @param patience milliseconds to wait for something that must happen. */
  constructor(runner: Runner, patience: number) {
    this.#runner = runner;
    this.#patience = patience;
  }

  expect(actual: unknown): Expectation {
    return this.#runner.expect(actual);
  }

  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    return until(condition, what, this.#patience);
  }

  within<Value>(promise: PromiseLike<Value>, what: string): Promise<Value> {
    return within(promise, what, this.#patience);
  }
}
