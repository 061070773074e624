import { GraphQLError } from "graphql";

/** The largest `integer` of Postgres. */
const largestId = 2_147_483_647;

/** An error for what a client asked for and cannot have. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT" } });
}

export function notFound(what: string, id: string): GraphQLError {
  return new GraphQLError(`There is no ${what} ${JSON.stringify(id)}`, {
    extensions: { code: "NOT_FOUND" },
  });
}

/** A row's number; undefined for an id that no row can have. */
export function rowId(id: string): number | undefined {
  const number = Number(id);
  return /^[1-9]\d*$/.test(id) && number <= largestId ? number : undefined;
}

/** A text that says something, as it was given. Throws BAD_USER_INPUT. */
export function requireText(name: string, text: string, longest: number): string {
  if (text.trim() === "") throw badInput(`${name} must not be empty`);
  if (text.length > longest) throw badInput(`${name} must not have more than ${longest} characters`);
  // Postgres has no character of that number.
  if (text.includes("\0")) throw badInput(`${name} must not contain the character U+0000`);
  return text;
}

/** How many rows to answer, from 1 to 1000. Throws BAD_USER_INPUT. */
export function requireCount(name: string, count: number): number {
  if (count >= 1 && count <= 1000) return count;
  throw badInput(`${name} must be a number from 1 to 1000, not ${count}`);
}
