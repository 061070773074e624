import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Peer } from "../../contract/peer.ts";
import { discardedBytes, type HttpExchange, type StreamBody, type StreamListener } from "./exchange.ts";
import type { HttpReply } from "./reply.ts";
import { peerOf } from "../peer.ts";
import { ResponseStream } from "./response-stream.ts";

/** An exchange of Node's HTTP server. */
export class NodeExchange implements HttpExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #trustProxy: number;
  #peer: Peer | undefined;
  #onGone: (() => void) | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, trustProxy: number) {
    this.#request = request;
    this.#response = response;
    this.#trustProxy = trustProxy;
  }

  get method(): string {
    return this.#request.method ?? "";
  }

  get url(): string {
    return this.#request.url ?? "";
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  get peer(): Peer {
    this.#peer ??= peerOf(this.#request, this.#trustProxy);
    return this.#peer;
  }

  get abandoned(): boolean {
    return !this.#request.complete;
  }

  async read(maxBytes: number): Promise<readonly Uint8Array[] | undefined> {
    const before = readBefore(this.#request);
    if (!before) return readChunks(this.#request, maxBytes);
    return before.length <= maxBytes ? [before] : undefined;
  }

  reply(reply: HttpReply): void {
    this.#onGone = undefined;
    // A client that still writes would not see the answer on a connection that is closed after it.
    if (this.#response.shouldKeepAlive || this.#request.complete) this.#send(reply);
    else discardRest(this.#request, () => this.#send(reply));
  }

  stream(headers: Readonly<Record<string, string>>, listener: StreamListener): StreamBody {
    this.#onGone = undefined;
    return new ResponseStream(this.#response, headers, listener);
  }

  onGone(callback: () => void): void {
    this.#onGone = callback;
    const gone = (): void => this.#onGone?.();
    if (this.#response.destroyed) queueMicrotask(gone);
    else this.#response.once("close", gone);
  }

  #send([body, head]: HttpReply): void {
    const response = this.#response;
    if (response.destroyed || response.headersSent) return;
    const bytes = Buffer.from(body ?? "");
    // Node leaves the body of an answer to HEAD out; the length is that of the answer to GET, if it has one.
    const length = body === null && this.method === "HEAD" ? {} : { "content-length": bytes.length };
    response.writeHead(head.status, { ...head.headers, ...length });
    response.end(bytes);
  }
}

/**
 * The body that a framework's body parser has read; an object is serialised again, so that the same checks apply. A
 * `body` beside unread bytes is nobody's: Express 4 sets it for bodies that its parsers leave alone.
 */
function readBefore(request: IncomingMessage): Buffer | undefined {
  if (!request.readableDidRead) return request.readableEnded ? Buffer.alloc(0) : undefined;
  const body: unknown = "body" in request ? request.body : undefined;
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (body !== undefined) return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  throw new Error("Something else has read the body of Node's request, and has not left it there as its `body`");
}

/** Reads on to the end of a body, or up to the bound of what is thrown away, and calls `done`. */
function discardRest(request: IncomingMessage, done: () => void): void {
  let size = 0;
  const stop = (): void => {
    request.off("data", count).off("end", stop).off("close", stop);
    done();
  };
  const count = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > discardedBytes) stop();
  };
  request.on("data", count).on("end", stop).on("close", stop);
}

/** Reads a body; undefined if it has more than `maxBytes`, in which case further bytes are discarded. */
function readChunks(request: IncomingMessage, maxBytes: number): Promise<readonly Buffer[] | undefined> {
  let chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return void chunks.push(chunk);
      chunks = [];
      resolve(undefined);
      if (size > maxBytes + discardedBytes) request.destroy();
    });
    request.once("end", () => resolve(chunks));
    request.once("error", reject);
  });
}
