import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { chatSchema, message, room } from "./chat.ts";
import { connected } from "./connected.ts";

const lobby = room({ room: "lobby" });
const inFragment = `
  subscription S { ...Root }
  fragment Root on Subscription { messageAdded(room: "lobby") { id } }
`;
const inInlineFragment = `subscription S { ... { messageAdded(room: "lobby") { id } } }`;
const twoFields = `subscription S { messageAdded(room: "lobby") { id } also: messageAdded(room: "attic") { id } }`;

const noFragments = "Apollo subscriptions do not support fragments on the root field";

describe("The root field of a subscription", () => {
  it.each([
    ["a fragment", inFragment],
    ["an inline fragment", inInlineFragment],
  ])("may stand in %s, as the specification allows", async (_where, query) => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "one" } } });
  });

  it.each([
    ["a fragment", inFragment],
    ["an inline fragment", inInlineFragment],
  ])("may not stand in %s with `strictRootField`", async (_where, query) => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog, strictRootField: true });
    await using client = await connected(fanfare);
    const id = client.start(query);
    expect(await client.receiveError(id)).toEqual([
      expect.objectContaining({ message: noFragments, extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }),
    ]);
  });

  it.each([false, true])("must be one alone (strictRootField: %s)", async (strictRootField) => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog, strictRootField });
    await using client = await connected(fanfare);
    const errors = await client.receiveError(client.start(twoFields));
    const messages = Array.isArray(errors) ? errors.map(({ message: words }) => words) : [];
    expect(messages).toContain(
      strictRootField
        ? `Subscription "S" must have only one field.`
        : `Subscription "S" must select only one top level field.`,
    );
  });

  it("is not what queries are held to by `strictRootField`", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog, strictRootField: true });
    await using client = await connected(fanfare);
    expect(await client.execute("{ ... { hi } again: hi }")).toEqual({ data: { hi: "hello", again: "hello" } });
    const id = await client.subscribe(
      `subscription { messageAdded(room: "lobby") { ...F } } fragment F on Message { id }`,
    );
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "one" } } });
  });
});
