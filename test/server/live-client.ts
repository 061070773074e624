import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import type { Fanfare } from "fanfare";

/** A real client of graphql-ws on a real socket, and the means to cut the wire. */
export class LiveClient {
  readonly #port: number;
  readonly #opened = Promise.withResolvers<WebSocket>();
  readonly iterate: ReturnType<typeof createClient>["iterate"];

  private constructor(port: number, connectionParams: Record<string, unknown>) {
    this.#port = port;
    const client = createClient({
      url: `ws://127.0.0.1:${port}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams,
      retryAttempts: 0,
      on: {
        opened: (socket) => {
          if (socket instanceof WebSocket) this.#opened.resolve(socket);
        },
      },
    });
    this.iterate = client.iterate.bind(client);
  }

  static async of<Context>(
    fanfare: Fanfare<Context>,
    connectionParams: Record<string, unknown> = {},
  ): Promise<LiveClient> {
    const { port } = await fanfare.listen({ port: 0 });
    return new LiveClient(port, connectionParams);
  }

  get port(): number {
    return this.#port;
  }

  /** Ends the connection without a word, as a network does. */
  async cut(): Promise<void> {
    const socket = await this.#opened.promise;
    socket.terminate();
  }
}
