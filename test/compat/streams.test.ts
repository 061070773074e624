import { describe, expect, it } from "vitest";
import { StandingTime } from "../session/standing-time.ts";
import { meaghan, StreamsServer } from "./streams-server.ts";

const door = "0b6c2a5e-7a52-4c3f-9d9b-1f0d4a3e6c11";
const renamed = { ...meaghan, first_name: "Meg" };

describe("A channel", () => {
  it("gets its id on a WebSocket without a subprotocol (S2-W1)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.connect();
    const greeting = await client.greeted();
    expect(client.socket.protocol).toBe("");
    expect(greeting).toBe(`{"channel_id":"${client.channelId}","connect":"success"}`);
    expect(client.channelId).toMatch(/^[\w-]{22}$/);
  });

  it("has a unique id (S2-W1)", async () => {
    await using server = await StreamsServer.open();
    const [one, other] = [await server.channel(), await server.channel()];
    expect(one.channelId).not.toBe(other.channelId);
  });

  it("is subscribed by a POST, which is answered with 200 and a result (S2-W2)", async () => {
    await using server = await StreamsServer.open();
    const { channelId } = await server.channel();
    const response = await server.post(
      `subscription{ userSubscription(action: UPDATE, operation: SUBSCRIBE, channelId: "${channelId}", id: 5, data: [ID, USERNAME, FIRST_NAME]) { ok error stream } }`,
    );
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(await response.text()).toBe('{"data":{"userSubscription":{"ok":true,"error":null,"stream":"users"}}}');
  });

  it("gets an acknowledgement of its subscription (S2-W3)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.ask("SUBSCRIBE", "UPDATE", "id: 5");
    expect(await client.frame()).toBe(
      '{"action":"update","operation":"subscribe","ok":true,"stream":"users","error":null}',
    );
  });

  it("gets one acknowledgement of all actions (S2-W3)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.ask("SUBSCRIBE", "ALL_ACTIONS");
    expect(await client.rest()).toEqual([
      { action: "all_actions", operation: "subscribe", ok: true, stream: "users", error: null },
    ]);
  });

  it("is notified with the names of the columns (S2-W4)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("UPDATE", "id: 5, data: [ID, USERNAME, FIRST_NAME]");
    await server.changed(renamed, meaghan);
    expect(await client.frame()).toBe(
      '{"stream":"users","payload":{"action":"update","model":"auth.user","data":{"id":5,"username":"meaghan90","first_name":"Meaghan"}}}',
    );
  });

  it("is notified of a deletion with the last known data (S2-W4)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("DELETE", "data: [ID, EMAIL]");
    await server.changed(meaghan, null);
    const data = { id: 5, email: "m@example.org" };
    expect(await client.rest()).toEqual([{ stream: "users", payload: { action: "delete", model: "auth.user", data } }]);
  });

  it("with an id is notified of the creation of that row only (S2-W4)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("CREATE", "id: 5, data: [ID]");
    await server.changed(null, { ...meaghan, id: "6" });
    await server.changed(null, meaghan);
    expect(await client.rest()).toEqual([
      { stream: "users", payload: { action: "create", model: "auth.user", data: { id: 5 } } },
    ]);
  });

  it("is notified of subscribed actions only, and of all fields without a list (S2-W4, S2-10)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("UPDATE");
    await server.changed(null, meaghan);
    await server.changed(meaghan, renamed);
    await server.changed(renamed, null);
    const data = { id: 5, username: "meaghan90", first_name: "Meg", email: "m@example.org" };
    expect(await client.rest()).toEqual([{ stream: "users", payload: { action: "update", model: "auth.user", data } }]);
  });

  it("carries several streams, each with its own names (S2-14)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("CREATE", "data: [ID]");
    await client.subscribe("CREATE", "", "deviceSubscription");
    await server.deviceChanged(null, { id: door, label: "door" });
    await server.changed(null, meaghan);
    expect(await client.rest()).toEqual([
      { stream: "devices", payload: { action: "create", model: "public.device", data: { id: door, label: "door" } } },
      { stream: "users", payload: { action: "create", model: "auth.user", data: { id: 5 } } },
    ]);
  });

  it("is unsubscribed by a POST, gets an acknowledgement, and no further notification (S2-W5)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    await client.subscribe("UPDATE", "id: 5");
    expect(await client.ask("UNSUBSCRIBE", "UPDATE", "id: 5")).toEqual({ ok: true, error: null, stream: "users" });
    expect(await client.frame()).toBe(
      '{"action":"update","operation":"unsubscribe","ok":true,"stream":"users","error":null}',
    );
    await server.changed(meaghan, renamed);
    expect(await client.rest()).toEqual([]);
  });

  it("may be unsubscribed without a subscription (S2-W5)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    expect(await client.ask("UNSUBSCRIBE", "ALL_ACTIONS")).toEqual({ ok: true, error: null, stream: "users" });
    expect(await client.rest()).toEqual([
      { action: "all_actions", operation: "unsubscribe", ok: true, stream: "users", error: null },
    ]);
  });

  it("gets no frame for a failed request, whose answer has the reason (S2-W6)", async () => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    expect(await client.ask("SUBSCRIBE", "UPDATE", 'id: "five"')).toEqual({
      ok: false,
      error: 'id is "five", which no row\'s key can be',
      stream: "users",
    });
    expect(await client.rest()).toEqual([]);
  });

  it("with an unknown id is an error, and no subscription starts (S2-W6)", async () => {
    await using server = await StreamsServer.open();
    const answer = await server.post(
      'subscription { userSubscription(action: UPDATE, operation: SUBSCRIBE, channelId: "nobody") { ok error stream } }',
    );
    expect(await answer.json()).toEqual({
      data: {
        userSubscription: {
          ok: false,
          error: "channelId is none that you have open; take the channel_id that your WebSocket was told",
          stream: "users",
        },
      },
    });
  });

  it.each([
    ["action: REPLACE, operation: SUBSCRIBE", 'Value "REPLACE" does not exist in "StreamAction" enum.'],
    ["operation: SUBSCRIBE", 'Argument "Subscription.userSubscription(action:)" of type "StreamAction!" is required'],
  ])("gets no frame for an error of GraphQL: %s (S2-W6)", async (given, message) => {
    await using server = await StreamsServer.open();
    const { channelId } = await server.channel();
    const answer = await server.post(`subscription { userSubscription(${given}, channelId: "${channelId}") { ok } }`);
    const { data, errors } = await answer.json();
    expect(data).toBeUndefined();
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining(message) })]);
  });

  it.each([
    ['"request_id":"1"', '"request_id":"1"'],
    ['"request_id":7', '"request_id":7'],
    ['"more":1', '"request_id":null'],
  ])("refuses each frame of a client, with %s (S2-W7)", async (sent, echoed) => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    client.socket.send(`{"stream":"users","payload":{"action":"list","data":{},${sent}}}`);
    expect(await client.frame()).toBe(
      `{"stream":"users","payload":{"errors":["Invalid Action"],"data":null,"action":"list","response_status":400,${echoed}}}`,
    );
  });

  it("refuses a forbidden frame with another status (S2-W7)", async () => {
    await using server = await StreamsServer.open({ streams: { permits: ({ action }) => action !== "list" } });
    const client = await server.channel();
    client.socket.send('{"stream":"users","payload":{"action":"list","data":{},"request_id":"1"}}');
    expect(await client.frame()).toBe(
      '{"stream":"users","payload":{"errors":["Permission Denied"],"data":null,"action":"list","response_status":401,"request_id":"1"}}',
    );
  });

  it.each([
    ["{", null, "Not valid JSON"],
    ["[]", null, "Not a JSON object"],
    ["{}", null, '"stream" must be a string'],
    ['{"stream":"users"}', "users", '"payload" must be an object'],
    ['{"stream":"users","payload":{}}', "users", '"action" must be a string'],
    ['{"stream":"boats","payload":{"action":"list"}}', "boats", 'There is no stream "boats"'],
  ])("answers %s, at which the older server failed (S2-W7)", async (sent, stream, reason) => {
    await using server = await StreamsServer.open();
    const client = await server.channel();
    client.socket.send(sent);
    expect(await client.frames(1)).toEqual([
      { stream, payload: expect.objectContaining({ errors: [reason], data: null, response_status: 400 }) },
    ]);
    expect(await client.rest()).toEqual([]);
  });

  it("is kept alive by pings of the WebSocket, and not by messages (S2-W8)", async () => {
    const clock = new StandingTime();
    await using server = await StreamsServer.open({ fanfare: { clock } });
    const client = await server.channel();
    const pinged = new Promise((resolve) => client.socket.once("ping", resolve));
    clock.advance(12_000);
    await pinged;
    expect(await client.rest()).toEqual([]);
  });

  it.each([
    ["when the server goes", 1012, "Service restart", {}],
    ["when it is refused", 1008, "Forbidden", { onConnect: () => false }],
  ])("is closed with codes of RFC 6455 %s (S2-W8)", async (_, code, reason, fanfare) => {
    await using server = await StreamsServer.open({ fanfare });
    const client = await server.connect();
    if (code === 1012) await server.fanfare[Symbol.asyncDispose]();
    expect(await client.closed).toEqual({ code, reason });
  });

  it("is closed with the application's code (S2-W8)", async () => {
    await using server = await StreamsServer.open({
      fanfare: { onConnect: (_params, connection) => connection.close(4321, "by hand") },
    });
    const client = await server.connect();
    expect(await client.closed).toEqual({ code: 4321, reason: "by hand" });
  });
});
