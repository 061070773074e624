import type { Expectation, Runner } from "./runner.ts";
import { until, within } from "./wait.ts";

/** The fixture of a case: the runner's expectations, and waiting with the suite's timeout. */
export class ContractStage {
  readonly #runner: Runner;
  readonly #patience: number;

  /** @param patience the timeout of an expected event, in milliseconds. */
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
