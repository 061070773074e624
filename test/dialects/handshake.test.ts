import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { FanfareOptions } from "fanfare";
import { connected, WebSocketClient } from "../transports/websocket-client.ts";
import { Users } from "./users.ts";

/** A listening server, and the arguments of its calls of `onConnect`. */
async function listening(options: Pick<FanfareOptions, "refusal"> = {}) {
  const introduced: unknown[] = [];
  const users = new Users({ ...options, onConnect: (payload) => void introduced.push(payload) });
  const { port } = await users.fanfare.listen({ port: 0 });
  return {
    url: `ws://127.0.0.1:${port}/graphql`,
    introduced,
    [Symbol.asyncDispose]: () => users[Symbol.asyncDispose](),
  };
}

describe("The handshake", () => {
  it.each([
    ["graphql-subscriptions", '{"type":"init"}', '{"type":"init_success"}', "S1-W1"],
    ["graphql-ws", '{"type":"connection_init"}', '{"type":"connection_ack"}', "S3-W1, S4-W1, S5-W4"],
    ["graphql-transport-ws", '{"type":"connection_init"}', '{"type":"connection_ack"}', "S4-W1"],
  ])("selects %s, and %s gets %s (%s)", async (name, init, acknowledgement) => {
    await using server = await listening();
    using client = await connected(server.url, name);
    expect(client.socket.protocol).toBe(name);
    client.socket.send(init);
    await once(client.socket, "message");
    expect(client.messages[0]).toBe(acknowledgement);
  });

  it.each([
    ["graphql-subscriptions of three that are offered", ["mqtt", "graphql-subscriptions", "soap"], "S1-W1"],
    ["graphql-ws of two", ["mqtt", "graphql-ws"], "S3-W1"],
    ["the newer one of two", ["graphql-ws", "graphql-transport-ws"], "S4-W1"],
  ])("accepts %s (%j; %s)", async (_, offered) => {
    await using server = await listening();
    using client = await connected(server.url, offered);
    expect(client.socket.protocol).toBe(offered[1]);
  });

  // A client must fail the connection for a subprotocol that it did not offer (RFC 6455, 4.1), so no option selects
  // one.
  it.each([
    [["graphql-subscriptions-2"], "S1-W1"],
    [["graphql"], "S3-W1"],
    [["Graphql-ws"], "S4-W1, S4-W12"],
    [["anything"], "S5-W4"],
    [[], "S5-W4"],
  ])("is refused for %j with 4406 or an HTTP status (%s)", async (offered) => {
    await using server = await listening();
    using client = new WebSocketClient(server.url, offered);
    expect(await client.ended).toMatchObject({ code: 4406 });
    await using byStatus = await listening({ refusal: "http" });
    using other = new WebSocketClient(byStatus.url, offered);
    expect(await other.ended).toMatchObject({ status: 400 });
    expect([...server.introduced, ...byStatus.introduced]).toEqual([]);
  });
});
