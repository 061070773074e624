import { until } from "../faults/until.ts";
import type { Observer, Result } from "./driver.ts";

/** Remembers what a subscription told its application. */
export class Heard implements Observer {
  readonly results: Result[] = [];
  /** Messages of the error that ended it. */
  errors: readonly string[] | undefined;
  completed: boolean = false;

  next(result: Result): void {
    this.results.push(result);
  }

  error(messages: readonly string[]): void {
    this.errors = messages;
  }

  complete(): void {
    this.completed = true;
  }

  /** Resolves when so many results came, and rejects when the subscription ends before. */
  async received(count: number): Promise<void> {
    const ended = (): boolean => this.completed || this.errors !== undefined;
    await until(
      () => this.results.length >= count || ended(),
      () => `result ${count}; ${JSON.stringify(this)}`,
    );
    if (this.results.length < count) throw new Error(`Ended before result ${count}: ${JSON.stringify(this)}`);
  }

  /** Resolves when an error came, as such or in a result. */
  async failed(): Promise<void> {
    await until(
      () => this.errors !== undefined || this.results.some(({ errors }) => errors !== undefined),
      () => `an error; ${JSON.stringify(this)}`,
    );
  }

  async ended(): Promise<void> {
    await until(
      () => this.completed || this.errors !== undefined,
      () => `the end; ${JSON.stringify(this)}`,
    );
  }
}
