import type { Result } from "../driver.ts";

/** A result as it came over the wire. */
export interface GraphQLResult {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string }[];
}

/** A result in the words that all clients share. */
export function shown({ data, errors }: GraphQLResult): Result {
  return { data, ...(errors && { errors: errors.map(({ message }) => message) }) };
}
