import type { Accept } from "../../src/contract/socket.ts";
import type { SocketClient } from "../../src/testing/socket-contract.ts";
import { WebSocketClient } from "../transports/websocket-client.ts";
import { websocketServer } from "../transports/websocket-server.ts";

/** Opens a WebSocket, on a server of its own. */
export async function openWebSocket(accept: Accept, perMessageDeflate: boolean): Promise<SocketClient> {
  const server = await websocketServer({ accept, perMessageDeflate });
  const headers = { "x-garage": "two words, and more" };
  const url = "/graphql?garage=1";
  const client = new WebSocketClient(`ws://127.0.0.1:${server.port}${url}`, "graphql-transport-ws", {
    headers,
    perMessageDeflate,
  });
  await client.opened();
  const { messages, socket } = client;
  return {
    introduction: { address: "127.0.0.1", url, headers },
    messages,
    ended: client.ended.then((ending) => ("code" in ending ? ending : {})),
    send: (text) => socket.send(text),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: (code, reason) => socket.close(code, reason),
    die: () => socket.terminate(),
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await server[Symbol.asyncDispose]();
    },
  };
}
