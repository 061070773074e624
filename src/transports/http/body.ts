import type { JsonObject, ParsedObject } from "../../base/json.ts";
import type { RequestEngine } from "../../contract/request-engine.ts";
import type { HttpExchange } from "../exchange/exchange.ts";
import { problem, type HttpReply } from "../exchange/reply.ts";
import { isJson } from "../origin.ts";

/** Parses a client's JSON object, under the same limits as messages on a socket. */
export type ParseJson = (text: string) => ParsedObject;

/** The JSON object of a request, or the response to a request without a valid one. */
export type HttpBody = HttpPayload | { readonly reply: HttpReply };

export interface HttpPayload {
  readonly object: JsonObject;
  /** Bytes of the body, or of the URL for a GET request. */
  readonly bytes: number;
}

/** The chunks of a request's body, or the response to a request without one. */
export type RawBody =
  | { readonly chunks: readonly Uint8Array[]; readonly bytes: number }
  | { readonly reply: HttpReply };

/**
 * Reads the body of a request, and waits until it may be parsed. It is parsed by the caller, since the promise of a
 * request that has waited is old to the garbage collector: what it held would be kept until the next full collection.
 * Rejects if the client disconnects before the end of the body.
 */
export async function readBody(
  exchange: HttpExchange,
  engine: Pick<RequestEngine, "maxBodyBytes" | "whenTimeToRead">,
): Promise<RawBody> {
  const { "content-type": type, "content-encoding": encoding = "identity" } = exchange.headers;
  if (!isJson(type) || encoding !== "identity") {
    return { reply: problem(415, "The body must be application/json in UTF-8, not compressed") };
  }
  const chunks = await exchange.read(engine.maxBodyBytes);
  if (!chunks) return { reply: problem(413, `The body may have at most ${engine.maxBodyBytes} bytes`) };
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  return (await engine.whenTimeToRead(bytes)) ? { chunks, bytes } : { reply: tooManyRequests };
}

/** Parses a body: JSON in UTF-8. */
export function parsedBody(raw: RawBody, parse: ParseJson): HttpBody {
  if ("reply" in raw) return raw;
  const { chunks, bytes } = raw;
  const text = decode(joined(chunks, bytes));
  if (text?.trimStart().startsWith("[")) return { reply: problem(400, batchHint) };
  const parsed = text === undefined ? { problem: "Not valid UTF-8" } : parse(text);
  if ("problem" in parsed) return { reply: problem(400, parsed.problem) };
  return { object: parsed.object, bytes };
}

/** The response to a request for which there is no memory now. */
export const tooManyRequests: HttpReply = problem(503, "Too many large requests; try again later");

const batchHint = "Batches are not supported; send each operation in a request of its own";

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (first && first.length === size) return first;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The query parameters of a URL. Only its first question mark is a delimiter (RFC 3986, 3.4). */
export function searchOf(url: string): URLSearchParams {
  const at = url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : url.slice(at + 1));
}

/** The query parameters of a GET request, as the object that a POST request has as its body. */
export function searchPayload(url: string, parse: ParseJson): HttpBody {
  const search = searchOf(url);
  const [query, operationName] = [search.get("query"), search.get("operationName")];
  const objects: Record<string, JsonObject> = {};
  for (const name of ["variables", "extensions"]) {
    const text = search.get(name);
    const parsed = text ? parse(text) : undefined;
    if (!parsed) continue;
    if ("problem" in parsed) return { reply: problem(400, `${name}: ${parsed.problem}`) };
    objects[name] = parsed.object;
  }
  return { object: { query, operationName, ...objects }, bytes: url.length };
}
