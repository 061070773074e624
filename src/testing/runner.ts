/** The part of a test runner that contract suites use. Vitest and Jest have it: `brokerContract(vitest, options)`. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
  expect(actual: unknown): Expectation;
}

/** The assertions that contract suites use. */
export interface Expectation {
  toBe(expected: unknown): unknown;
  toEqual(expected: unknown): unknown;
}
