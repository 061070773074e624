import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The open connections of a server; as many as it has. */
export class Connections {
  readonly #open = new Set<Socket>();
  readonly #forget: (this: Socket) => void;

  constructor(server: Server) {
    const open = this.#open;
    this.#forget = function () {
      open.delete(this);
    };
    server.on("connection", (socket) => {
      open.add(socket);
      socket.once("close", this.#forget);
    });
  }

  /**
   * Terminates connections on which nothing has arrived yet: browsers hold such connections ready (preconnect), and load
   * balancers probe with them. Node does not count them as idle.
   */
  destroySilent(): void {
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
  }
}
