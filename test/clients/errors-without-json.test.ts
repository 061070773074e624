import { describe, expect, it } from "vitest";
import { NotingLog } from "../server/noting-log.ts";
import { unwritable, unwritableFields } from "../server/unwritable.ts";
import { ChatServer } from "./chat-server.ts";
import { clients } from "./clients.ts";
import type { Driver } from "./driver.ts";
import { Heard } from "./heard.ts";
import { Wire } from "./wire.ts";

/** The messages of an operation's failure, whether the client shows it as an error or as a result. */
async function failureOf(client: Driver, query: string): Promise<readonly string[] | undefined> {
  const heard = new Heard();
  client.subscribe(query, heard);
  await heard.failed();
  return heard.errors ?? heard.results.at(-1)?.errors;
}

/** Subscribes, and resolves when an event has arrived: the server is there, and takes operations. */
async function hearsEvent(server: ChatServer, client: Driver): Promise<void> {
  const heard = new Heard();
  const { live } = server.observed;
  client.subscribe(`subscription { messageAdded(room: "lobby") { text } }`, heard);
  await server.live(live + 1);
  await server.publish("still here");
  await heard.received(1);
}

describe.each(clients)("With $name, an error that has no JSON", ({ connect }) => {
  it("of a field's own events is masked, logged with its place, and ends nothing else, PROTOCOL 9.2", async () => {
    const log = new NotingLog();
    await using server = await ChatServer.start({ fields: unwritableFields, log });
    await using client = await connect({ url: server.url, wire: new Wire() });
    expect(await failureOf(client, "subscription Mine { breaks }")).toEqual(["Internal server error"]);
    expect(await failureOf(client, "subscription Mine { refuses }")).toEqual(["Internal server error"]);
    const entry = { level: "error", message: "An error for a client has no JSON" };
    expect(log.entries).toContainEqual({
      ...entry,
      details: expect.objectContaining({ operation: expect.any(String), field: "Subscription.breaks" }),
    });
    expect(log.entries).toContainEqual({
      ...entry,
      details: expect.objectContaining({ operation: expect.any(String), path: ["refuses"] }),
    });
    await hearsEvent(server, client);
  });

  it("of onOperation is masked, and gives the operation's place back, PROTOCOL 9.2", async () => {
    const log = new NotingLog();
    let asked = 0;
    await using server = await ChatServer.start({
      log,
      onOperation: () => {
        asked += 1;
        if (asked <= 2) throw unwritable();
      },
    });
    await using client = await connect({ url: server.url, wire: new Wire() });
    for (const name of ["First", "Second"]) {
      const query = `subscription ${name} { messageAdded(room: "lobby") { text } }`;
      expect(await failureOf(client, query)).toEqual(["Internal server error"]);
    }
    await server.over(2);
    expect(log.messages).toEqual(["An error for a client has no JSON", "An error for a client has no JSON"]);
    await hearsEvent(server, client);
  });
});
