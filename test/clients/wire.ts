import { WebSocket } from "ws";

/** The connections that one client opens: what is seen on them, and the means to cut them. */
export class Wire {
  /** What the client takes for its WebSocket. */
  readonly webSocket: new (url: string, protocol?: string | string[]) => WebSocket;
  /** How many connections the client has opened, in all. */
  opened: number = 0;
  /** How many ping frames of the server it has answered. */
  pings: number = 0;
  #current: WebSocket | undefined;

  constructor() {
    const opened = (socket: WebSocket): void => this.#opened(socket);
    this.webSocket = class extends WebSocket {
      constructor(url: string, protocol?: string | string[]) {
        // One message at a time, as in a browser. Two in one go are too much for urql above graphql-ws: a query that
        // lets go with its result hears the `complete` too, is counted out twice, and takes the connection with it.
        super(url, protocol, { allowSynchronousEvents: false });
        opened(this);
      }
    };
  }

  /** Ends the connection without a word, as a network does. */
  cut(): void {
    this.#current?.terminate();
  }

  #opened(socket: WebSocket): void {
    this.opened += 1;
    this.#current = socket;
    // Emitted once `ws` has sent the pong.
    socket.on("ping", () => (this.pings += 1));
  }
}
