import type { Dialect } from "../dialects/dialect.ts";
import type { ServerMessage } from "../dialects/message.ts";

/**
 * A dialect that tells its transport what a session says. Over HTTP some of it has to be said again in another way: an
 * acknowledgement is a status, and the end of an operation may be the end of the response.
 *
 * @param heard told a message and its bytes, before they are written.
 */
export function watchedDialect(
  dialect: Dialect,
  heard: (message: ServerMessage, encoded: readonly Uint8Array[]) => void,
): Dialect {
  return {
    ...dialect,
    encode(message) {
      const encoded = dialect.encode(message);
      heard(message, encoded);
      return encoded;
    },
  };
}
