import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFanfare } from "fanfare";
import { graphqlSubscriptions, graphqlWs } from "fanfare/dialects";
import { TestClient } from "fanfare/testing";
import { chatSchema } from "../server/chat.ts";
import { NotingLog } from "../server/noting-log.ts";
import { admissionOf } from "../../src/session/admission.ts";

const schema = chatSchema();

describe("What onConnect returns", () => {
  it.each([[undefined], [true], [{}], [{ user: "ada" }], [new Map()]])("admits: %o, PROTOCOL 2.3", (answer) => {
    expect(admissionOf(answer)).toMatchObject({ admits: true });
  });

  it.each([[null], [0], [1], [""], ["ada"], [Number.NaN], [() => true], [Symbol("s")], [10n]])(
    "refuses, and is logged, since nobody meant it: %o, PROTOCOL 2.3",
    async (answer) => {
      const log = new NotingLog();
      const options = { schema, log };
      // As an application in plain JavaScript does, whose types nobody checks.
      Object.assign(options, { onConnect: async () => answer });
      await using fanfare = createFanfare(options);
      await using client = new TestClient(fanfare);
      await client.connectAndInit(undefined, { connectOnly: true });
      expect(await client.waitDisconnect()).toEqual({ code: 4403, reason: "Forbidden" });
      const type = answer === null ? "null" : typeof answer;
      expect(log.messages).toEqual([`onConnect must return nothing, a boolean or an object, and returned ${type}`]);
    },
  );

  it("refuses in silence if it is false", () => {
    expect(admissionOf(false)).toEqual({ admits: false });
  });
});

describe("What onConnect returns as `acknowledge`", () => {
  it("reaches the client of graphql-ws with the acknowledgement, PROTOCOL 2.3", async () => {
    await using fanfare = createFanfare({ schema, onConnect: () => ({ user: "ada", acknowledge: { motd: "hi" } }) });
    const { url } = await fanfare.listen({ port: 0 });
    const client = createClient({ url: url.replace("http", "ws"), webSocketImpl: WebSocket, lazy: false });
    const payload = await new Promise((resolve) => client.on("connected", (_socket, given) => resolve(given)));
    expect(payload).toEqual({ motd: "hi" });
    await client.dispose();
  });

  it("goes into that of graphql-ws of old, and nowhere in the dialect that has no place for it", async () => {
    await using fanfare = createFanfare({ schema, onConnect: () => ({ acknowledge: { motd: "hi" } }) });
    await using client = new TestClient(fanfare, { dialect: graphqlWs() });
    client.send({ type: "connection_init" });
    expect(await client.receive()).toEqual({ type: "connection_ack", payload: { motd: "hi" } });
    await using oldest = new TestClient(fanfare, { dialect: graphqlSubscriptions() });
    oldest.send({ type: "init" });
    expect(await oldest.receive()).toEqual({ type: "init_success" });
  });

  it.each([[{ id: 10n }], ["text"], [["list"]], [null]])("refuses, and is logged, if it is %o", async (acknowledge) => {
    const log = new NotingLog();
    const options = { schema, log };
    Object.assign(options, { onConnect: () => ({ acknowledge }) });
    await using fanfare = createFanfare(options);
    await using client = new TestClient(fanfare);
    await client.connectAndInit(undefined, { connectOnly: true });
    await client.waitDisconnect(4403);
    expect(log.messages).toEqual(["`acknowledge`, which onConnect returned, must be an object with a JSON form"]);
  });
});
