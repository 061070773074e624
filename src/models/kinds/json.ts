import type { Kind } from "../kind.ts";

/** `json` and `jsonb`. */
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
    return undefined;
  }
}
