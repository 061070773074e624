import type { Declaration } from "./declaration.ts";
import type { Resolved } from "./resolved.ts";

interface Handover {
  readonly declaration: Declaration;
  readonly value: Resolved;
}

let current: Handover | undefined;

/**
 * Runs an execution whose declared field has its value already. The field's resolver takes it from here, so that its
 * source, which is the `rootValue` of `info`, is the event. graphql-js calls the resolver of a root field synchronously.
 */
export function handOver<Result>(handover: Handover, execute: () => Result): Result {
  const before = current;
  current = handover;
  try {
    return execute();
  } finally {
    current = before;
  }
}

/** The value of a declared field, for the one call of its resolver; undefined where it has to be computed. */
export function takeHandedOver(declaration: Declaration): Resolved | undefined {
  if (current?.declaration !== declaration) return undefined;
  const { value } = current;
  current = undefined;
  return value;
}
