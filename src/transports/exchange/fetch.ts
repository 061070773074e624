import type { IncomingHttpHeaders } from "node:http";
import type { Peer } from "../../contract/peer.ts";
import { BodyStream } from "./body-stream.ts";
import { discardedBytes, type HttpExchange, type StreamBody, type StreamListener } from "./exchange.ts";
import type { HttpReply } from "./reply.ts";

const encoder = new TextEncoder();

/** An exchange by the Fetch standard's `Request` and `Response`. */
export class FetchExchange implements HttpExchange {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly peer: Peer;
  readonly #request: Request;
  readonly #respond: (response: Response) => void;
  #onGone: (() => void) | undefined;

  /** @param respond is called with the response. */
  constructor(request: Request, address: string, respond: (response: Response) => void) {
    const { host, pathname, search } = new URL(request.url);
    this.url = pathname + search;
    // Some runtimes keep the Host header only in the URL.
    this.headers = { host, ...Object.fromEntries(request.headers) };
    this.peer = peerOf(request.headers, address, this.url);
    this.#request = request;
    this.#respond = respond;
  }

  get method(): string {
    return this.#request.method;
  }

  get abandoned(): boolean {
    return this.#request.signal.aborted;
  }

  async read(maxBytes: number): Promise<readonly Uint8Array[] | undefined> {
    const { body } = this.#request;
    const chunks: Uint8Array[] = [];
    let size = 0;
    const reader = body?.getReader();
    for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
      size += chunk.value.length;
      if (reader && size > maxBytes) {
        void discard(reader);
        return undefined;
      }
      chunks.push(chunk.value);
    }
    return chunks;
  }

  reply([body, { status, headers }]: HttpReply): void {
    this.#onGone = undefined;
    if (this.method !== "HEAD") return this.#respond(new Response(body, { status, headers }));
    const length = body === null ? {} : { "content-length": String(encoder.encode(body).length) };
    this.#respond(new Response(null, { status, headers: { ...headers, ...length } }));
  }

  stream(headers: Readonly<Record<string, string>>, listener: StreamListener): StreamBody {
    this.#onGone = undefined;
    const stream = new BodyStream(this.#request.signal, listener);
    this.#respond(new Response(stream.body, { headers }));
    return stream;
  }

  onGone(callback: () => void): void {
    this.#onGone = callback;
    const { signal } = this.#request;
    const gone = (): void => this.#onGone?.();
    if (signal.aborted) queueMicrotask(gone);
    else signal.addEventListener("abort", gone, { once: true });
  }
}

/** The peer of a request. It holds the headers only, so that the request's body can be collected. */
function peerOf(headers: Headers, address: string, url: string): Peer {
  return { address, url, header: (name) => headers.get(name) ?? undefined };
}

/** Reads the rest of a body, up to a bound. Never rejects. */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    let size = 0;
    while (size <= discardedBytes) {
      const { value } = await reader.read();
      if (!value) return;
      size += value.length;
    }
    await reader.cancel();
  } catch {
    // The client has disconnected.
  }
}
