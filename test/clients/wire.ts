import { Duplex } from "node:stream";
import { WebSocket } from "ws";

/** The connections that one client opens: what is seen on them, and the means to cut them. */
export class Wire {
  /** What the client takes for its WebSocket. */
  readonly webSocket: new (url: string, protocol?: string | string[]) => WebSocket;
  /** What the client takes for its `fetch`. Of its responses, those that are event streams are connections. */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** How many connections the client has opened, in all. */
  opened: number = 0;
  /** How many pings of the server have come: frames, which the client has answered, or comments in an event stream. */
  pings: number = 0;
  /** What the server has sent by WebSocket, in order. */
  readonly messages: string[] = [];
  /** The codes with which WebSockets were closed, in order. */
  readonly closes: number[] = [];
  readonly #cuts = new Set<() => void>();
  #retired = false;

  constructor() {
    const retired = (): boolean => this.#retired;
    const opened = (socket: WebSocket): void => this.#opened(socket);
    this.webSocket = class extends WebSocket {
      constructor(url: string, protocol?: string | string[]) {
        // One message at a time, as in a browser. Two in one go are too much for urql above graphql-ws: a query that
        // lets go with its result hears the `complete` too, is counted out twice, and takes the connection with it.
        super(url, protocol, { allowSynchronousEvents: false, ...(retired() && { createConnection: toNowhere }) });
        opened(this);
      }
    };
    this.fetch = (url, init) => this.#fetched(url, init);
  }

  /** Ends the connections without a word, as a network does. */
  cut(): void {
    for (const cut of this.#cuts) cut();
    this.#cuts.clear();
  }

  /** For clients that never stop coming back: whatever they open from now on leads nowhere. */
  retire(): void {
    this.#retired = true;
  }

  #opened(socket: WebSocket): void {
    this.opened += 1;
    const cut = (): void => socket.terminate();
    this.#cuts.add(cut);
    socket.on("close", (code) => {
      this.#cuts.delete(cut);
      this.closes.push(code);
    });
    // Emitted once `ws` has sent the pong.
    socket.on("ping", () => (this.pings += 1));
    socket.on("message", (data: Buffer) => this.messages.push(data.toString()));
  }

  async #fetched(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const connection = new AbortController();
    const signals = [connection.signal, ...(init.signal ? [init.signal] : [])];
    const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
    if (!response.body || !response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
    this.opened += 1;
    // What `fetch` itself says when its connection breaks.
    const cut = (): void => connection.abort(new TypeError("terminated"));
    this.#cuts.add(cut);
    // The first comment is no ping but the acknowledgement.
    let comments = -1;
    const watch = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        const found = commentsIn(chunk);
        this.pings += Math.max(0, Math.min(found, comments + found));
        comments += found;
        controller.enqueue(chunk);
      },
      flush: () => void this.#cuts.delete(cut),
    });
    return new Response(response.body.pipeThrough(watch), response);
  }
}

/** A connection that takes everything and never answers. */
function toNowhere(): Duplex {
  return new Duplex({ read: () => undefined, write: (_chunk, _encoding, written) => written() });
}

function commentsIn(chunk: Uint8Array): number {
  return Buffer.from(chunk)
    .toString()
    .split("\n\n")
    .filter((block) => block === ":").length;
}
