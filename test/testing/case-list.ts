import * as vitest from "vitest";
import type { Runner } from "../../src/testing/runner.ts";

/** A runner that collects the cases instead of running them. */
export class CaseList implements Runner {
  readonly cases = new Map<string, () => Promise<void>>();
  readonly expect: Runner["expect"] = vitest.expect;

  /** The cases that a contract registers. */
  static of(contract: (runner: Runner) => void): CaseList["cases"] {
    const list = new CaseList();
    contract(list);
    return list.cases;
  }

  describe(_name: string, body: () => void): void {
    body();
  }

  it(name: string, body: () => Promise<void>): void {
    this.cases.set(name, body);
  }
}
