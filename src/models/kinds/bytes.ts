import { Buffer } from "node:buffer";
import type { Kind } from "../kind.ts";

/** `bytea`: a Uint8Array. */
export const bytes: Kind = {
  one: "bytes in hexadecimal",
  scalar: "Bytes",
  identifies: false,
  decode: (text) =>
    /^\\x(?:[\da-f]{2})*$/i.test(text) ? new Uint8Array(Buffer.from(text.slice(2), "hex")) : undefined,
  plain: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value),
  comparison: undefined,
};
