import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { Markdown } from "./markdown.ts";

/** A server that closes the first subscription's connection with `code`, and completes the next one. */
async function closingServer(code: number, reason: string): Promise<AsyncDisposable & { readonly url: string }> {
  let subscriptions = 0;
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const { type, id }: { type: string; id?: string } = JSON.parse(data.toString());
      if (type === "connection_init") socket.send(JSON.stringify({ type: "connection_ack" }));
      if (type !== "subscribe") return;
      subscriptions += 1;
      if (subscriptions === 1) socket.close(code, reason);
      else socket.send(JSON.stringify({ type: "complete", id }));
    });
  });
  await once(server, "listening");
  const address = server.address();
  if (!isPort(address)) throw new Error("The server has no port");
  return {
    url: `ws://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

function isPort(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

/** What the client of graphql-ws does, as it comes. Only its waiting is shortened. */
async function reactionTo(code: number, reason: string): Promise<string> {
  await using server = await closingServer(code, reason);
  const client = createClient({ url: server.url, webSocketImpl: WebSocket, retryWait: async () => {} });
  try {
    return await new Promise<string>((resolve) => {
      client.subscribe(
        { query: "subscription { news }" },
        {
          next: () => undefined,
          error: () => resolve("gives up"),
          complete: () => resolve("subscribes again"),
        },
      );
    });
  } finally {
    await client.dispose();
  }
}

describe("PROTOCOL 5.2, the last column", () => {
  const rows = new Markdown("PROTOCOL.md").table("Code", "Name");

  it.each(rows.map((row) => [row.get("Code"), row.get("Reason"), row.get("Stock client")]))(
    "is right about %s %s: the stock client %s",
    async (code, reason = "", reaction) => {
      expect(await reactionTo(Number(code), reason)).toBe(reaction);
    },
  );

  it.each([1002, 1007, 1008, 1009])("and so is clause 5.4: it gives up on %d", async (code) => {
    expect(await reactionTo(code, "")).toBe("gives up");
  });
});
