import { hash } from "node:crypto";

/** The length, in UTF-16 code units, up to which a text is its own digest. */
const longest = 512;

/**
 * A text of bounded length in place of one that a client may make long, so that it can be kept as a key: equal for equal
 * texts, and for no others that anybody can find (SHA-256). Short texts stay as they are.
 */
export function digestOf(text: string): string {
  return text.length <= longest ? text : `#${hash("sha256", text, "base64")}`;
}
