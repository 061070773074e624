import type { Kind } from "../kind.ts";

/**
 * `json` and `jsonb`. A captured row has a document that is a string without its quotes, so what is no JSON is such a
 * string; the string `1` cannot be told from the number.
 */
export const json: Kind = {
  one: "a document",
  scalar: "JSON",
  identifies: false,
  decode: parsed,
  plain: (value) => value,
  comparison: undefined,
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
