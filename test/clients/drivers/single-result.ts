import type { Observer, Result } from "../driver.ts";

/** The result of a query or a mutation, from a client that runs them as it runs subscriptions. */
export function singleResult(run: (observer: Observer) => unknown): Promise<Result> {
  return new Promise((resolve, reject) => {
    let result: Result = { data: undefined };
    run({
      next: (found) => (result = found),
      error: (messages) => reject(new Error(messages.join("; "))),
      complete: () => resolve(result),
    });
  });
}
