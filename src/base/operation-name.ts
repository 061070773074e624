/**
 * The name of the operation that a request asks for; undefined if it has none. An empty text equals none, as GraphQL over
 * HTTP has it: clients and forms send it for operations without a name.
 */
export function operationNameOf(given: unknown): string | undefined {
  return typeof given === "string" && given !== "" ? given : undefined;
}
