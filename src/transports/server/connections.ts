import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Connections that are kept before the first sweep. */
const fewest = 64;

/**
 * The connections of a server on which nothing has arrived yet. Others are dropped by a sweep whenever their number has
 * doubled: a listener for each connection's end would take more memory than the rest of it.
 */
export class Connections {
  readonly #silent = new Set<Socket>();
  #sweepAt = fewest;

  constructor(server: Server) {
    server.on("connection", (socket) => {
      this.#silent.add(socket);
      if (this.#silent.size > this.#sweepAt) this.#sweep();
    });
  }

  /**
   * Terminates connections on which nothing has arrived yet: browsers hold such connections ready (preconnect), and load
   * balancers probe with them. Node does not count them as idle.
   */
  destroySilent(): void {
    for (const socket of this.#silent) if (isSilent(socket)) socket.destroy();
  }

  #sweep(): void {
    for (const socket of this.#silent) if (!isSilent(socket)) this.#silent.delete(socket);
    this.#sweepAt = Math.max(fewest, 2 * this.#silent.size);
  }
}

function isSilent(socket: Socket): boolean {
  return !socket.destroyed && socket.bytesRead === 0;
}
