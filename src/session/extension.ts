import { encode } from "../engine/execution/result.ts";

const decoder = new TextDecoder();

/** A result's JSON with `extensions.fanfare` set, written before the data, so that a reader meets it first. */
export function withExtension(bytes: Uint8Array, fanfare: object): Uint8Array {
  const result: unknown = JSON.parse(decoder.decode(bytes));
  const { extensions, ...rest } = asObject(result);
  return encode(JSON.stringify({ extensions: { ...asObject(extensions), fanfare }, ...rest }));
}

function asObject(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
