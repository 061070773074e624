import type { IncomingMessage } from "node:http";
import type { JsonObject, ParsedObject } from "../dialects/json.ts";
import { isJson } from "./cross-site.ts";
import { problem, type HttpReply } from "./http-reply.ts";

/** Parses a JSON object from a client, under the rules that hold for messages on a socket. */
export type ParseJson = (text: string) => ParsedObject;

/** The JSON object that a request carries, or the reply to one that carries none. */
export type HttpBody = { readonly object: JsonObject } | { readonly reply: HttpReply };

/** Reads a body of JSON in UTF-8 with at most `maxBytes`. Rejects when the client goes away before its end. */
export async function readBody(request: IncomingMessage, maxBytes: number, parse: ParseJson): Promise<HttpBody> {
  const { "content-type": type, "content-encoding": encoding = "identity" } = request.headers;
  if (!isJson(type) || encoding !== "identity") {
    return { reply: problem(415, "The body must be application/json in UTF-8, not compressed") };
  }
  const bytes = parsedBefore(request) ?? (await readBytes(request, maxBytes));
  if (!bytes || bytes.length > maxBytes) {
    // The rest is not waited for, so nothing else can come on this connection.
    const reply = problem(413, `The body may have at most ${maxBytes} bytes`, {
      connection: "close",
    });
    return { reply };
  }
  const text = decode(bytes);
  const parsed = text === undefined ? { problem: "Not valid UTF-8" } : parse(text);
  return "problem" in parsed ? { reply: problem(400, parsed.problem) } : parsed;
}

/** A framework's body parser may have been here. What it made is written out again, so that the same checks apply. */
function parsedBefore(request: IncomingMessage): Buffer | undefined {
  const body: unknown = "body" in request ? request.body : undefined;
  if (body !== undefined) return Buffer.from(JSON.stringify(body));
  if (request.readableEnded) throw new Error("Something else has read the body of the request");
  return undefined;
}

/** Undefined when there are more than `maxBytes`; what comes after them is thrown away. */
function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", reject);
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
