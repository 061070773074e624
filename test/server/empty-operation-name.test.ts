import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { SubscriptionManager } from "fanfare/compat";
import { chatSchema, message, room } from "../server/chat.ts";
import { WebSocketClient } from "../transports/websocket-client.ts";
import { until } from "../faults/until.ts";

const query = "{ hi }";
const subscription = 'subscription { messageAdded(room: "lobby") { text } }';
const hello = '{"data":{"hi":"hello"}}';

async function listening() {
  const fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
  const { url } = await fanfare.listen({ port: 0 });
  return { fanfare, url, [Symbol.asyncDispose]: () => fanfare[Symbol.asyncDispose]() };
}

describe("An empty operationName is none", () => {
  it.each([
    [
      "graphql-transport-ws",
      { type: "connection_init" },
      { id: "1", type: "subscribe", payload: { query, operationName: "" } },
      `{"id":"1","type":"next","payload":${hello}}`,
    ],
    [
      "graphql-ws",
      { type: "connection_init" },
      { id: "1", type: "start", payload: { query, operationName: "" } },
      `{"id":"1","type":"data","payload":${hello}}`,
    ],
    [
      "graphql-subscriptions",
      { type: "init" },
      { id: 0, type: "subscription_start", query: subscription, operationName: "" },
      '{"type":"subscription_success","id":0}',
    ],
  ])("in %s", async (dialect, init, start, answer) => {
    await using server = await listening();
    using client = await new WebSocketClient(server.url.replace("http", "ws"), dialect).opened();
    client.socket.send(JSON.stringify(init));
    await until(
      () => client.messages.length > 0,
      () => "the acknowledgement",
    );
    client.socket.send(JSON.stringify(start));
    await until(
      () => client.messages.length > 1,
      () => "an answer",
    );
    expect(client.messages[1]).toBe(answer);
  });

  const headers = { "content-type": "application/json", "x-requested-with": "a test" };
  const body = JSON.stringify({ query, operationName: "" });
  const search = `?${new URLSearchParams({ query, operationName: "", variables: "", extensions: "" }).toString()}`;

  it.each([
    ["POST", "", { method: "POST", headers, body }],
    ["GET", search, { headers }],
  ])("by HTTP %s", async (_, at, init) => {
    await using server = await listening();
    const response = await fetch(`${server.url}${at}`, init);
    expect(await response.text()).toBe(hello);
  });

  it.each([
    ["POST", "", { method: "POST", headers: { ...headers, accept: "text/event-stream" }, body }],
    ["GET", search, { headers: { ...headers, accept: "text/event-stream" } }],
  ])("in event streams by %s", async (_, at, init) => {
    await using server = await listening();
    const response = await fetch(`${server.url}${at}`, init);
    expect(await response.text()).toContain(`data: ${hello}\n`);
  });

  it("in a single event stream", async () => {
    await using server = await listening();
    const token = await (await fetch(server.url, { method: "PUT" })).text();
    const owned = { ...headers, "x-graphql-event-stream-token": token };
    const request = JSON.stringify({ query, operationName: "", extensions: { operationId: "1" } });
    expect((await fetch(server.url, { method: "POST", headers: owned, body: request })).status).toBe(202);
    const stream = await fetch(server.url, { headers: { ...owned, accept: "text/event-stream" } });
    let text = "";
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes("event: complete")) break;
    }
    expect(text).toContain(`"payload":${hello}`);
  });

  it("for code of the same process, and for a request that onSubscribe returns", async () => {
    const fanfare = createFanfare({
      schema: chatSchema(),
      log: silentLog,
      onSubscribe: (request) => ({ ...request, operationName: "" }),
    });
    await using results = await fanfare.subscribe({ query: subscription, operationName: "" });
    await fanfare.publish(room({ room: "lobby" }), message("hi"));
    expect((await results.next()).value).toEqual({ data: { messageAdded: { text: "hi" } } });
    await using manager = new SubscriptionManager({ fanfare });
    expect(await manager.subscribe({ query: subscription, operationName: "", callback: () => undefined })).toBe(0);
    await fanfare[Symbol.asyncDispose]();
  });
});
