/** The messages of what a client was given for an error: an Error, a CloseEvent, or a list of GraphQL errors. */
export function messagesOf(error: unknown): readonly string[] {
  return Array.isArray(error) ? error.map(messageOf) : [messageOf(error)];
}

function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("message" in error) return String(error.message);
  return "code" in error ? `The connection was closed with ${String(error.code)}` : JSON.stringify(error);
}
