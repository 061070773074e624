import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { TestClient } from "fanfare/testing";
import { chatSchema, message, room } from "./chat.ts";

describe("A subscription", () => {
  it("delivers what is published after it is live", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = new TestClient(fanfare);
    await client.connectAndInit();
    const id = await client.subscribe(`subscription { messageAdded(room: "lobby") { id text author { name } } }`);
    await fanfare.publish(room({ room: "lobby" }), message("one"));
    await fanfare.publish(room({ room: "elsewhere" }), message("two"));
    expect(await client.receiveNext(id)).toEqual({
      data: { messageAdded: { id: "one", text: "one", author: { name: "Ada" } } },
    });
    await client.assertNoMessages();
  });

  it("answers queries and mutations beside it", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = new TestClient(fanfare);
    await client.connectAndInit();
    expect(await client.execute("{ hi }")).toEqual({ data: { hi: "hello" } });
    expect(
      await client.execute({ query: "mutation M($t: String) { shout(text: $t) }", variables: { t: "a" } }),
    ).toEqual({
      data: { shout: "A" },
    });
  });

  it("ends with complete when the server ends its topic", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = new TestClient(fanfare);
    await client.connectAndInit();
    const id = await client.subscribe(`subscription { messageAdded(room: "lobby") { id } }`);
    await fanfare.publish(room({ room: "lobby" }), message("one"));
    await fanfare.end(room({ room: "lobby" }));
    await client.receiveNext(id);
    await client.receiveComplete(id);
    await fanfare.publish(room({ room: "lobby" }), message("two"));
    await client.assertNoMessages();
  });

  it("gives each viewer a result of its own where a resolver reads the context", async () => {
    await using fanfare = createFanfare({
      schema: chatSchema(),
      log: silentLog,
      onConnect: ({ user }) => ({ user }),
    });
    await using ada = new TestClient(fanfare);
    await using bob = new TestClient(fanfare);
    await ada.connectAndInit({ user: "ada" });
    await bob.connectAndInit({ user: "bob" });
    const query = `subscription { messageAdded(room: "lobby") { mine } }`;
    const first = await ada.subscribe(query);
    const second = await bob.subscribe(query);
    await fanfare.publish(room({ room: "lobby" }), message("one"));
    expect(await ada.receiveNext(first)).toEqual({ data: { messageAdded: { mine: "ada:one" } } });
    expect(await bob.receiveNext(second)).toEqual({ data: { messageAdded: { mine: "bob:one" } } });
  });
});
