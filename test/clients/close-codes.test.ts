import { createClient as createClient6 } from "graphql-ws";
import { createClient as createClient5 } from "graphql-ws-5";
import { describe, expect, it } from "vitest";
import { closeCodes } from "fanfare";
import { Markdown } from "../docs/markdown.ts";
import { until } from "../faults/until.ts";
import { ChatServer } from "./chat-server.ts";
import { clients } from "./clients.ts";
import type { Connect } from "./driver.ts";
import { messagesOf } from "./drivers/messages.ts";
import { Heard } from "./heard.ts";
import { Wire } from "./wire.ts";

type Reaction = "subscribes again" | "gives up";

/** A client of graphql-ws as it comes, 5 or 6. Only its waiting is shortened. */
type Create = (options: {
  readonly url: string;
  readonly webSocketImpl: Wire["webSocket"];
  readonly retryWait: () => Promise<void>;
  readonly shouldRetry?: () => boolean;
  readonly retryAttempts?: number;
}) => {
  subscribe(
    payload: { query: string },
    sink: { next(): void; error(error: unknown): void; complete(): void },
  ): () => void;
  dispose(): void | Promise<void>;
};

const versions: readonly { readonly name: string; readonly create: Create }[] = [
  { name: "graphql-ws 6", create: createClient6 },
  { name: "graphql-ws 5", create: createClient5 },
];

/** What a client does when its server closes the connection, with this code, upon its subscription. */
async function reactionTo(create: Create, code?: number, reason = ""): Promise<Reaction> {
  let subscriptions = 0;
  await using server = await ChatServer.start({
    onSubscribe: (_, connection) => {
      subscriptions += 1;
      if (subscriptions === 1) connection.close(code, reason);
    },
  });
  const client = create({ url: server.url, webSocketImpl: new Wire().webSocket, retryWait: async () => {} });
  let errors: readonly string[] | undefined;
  client.subscribe(
    { query: `subscription { messageAdded(room: "lobby") { text } }` },
    { next: () => undefined, error: (error) => (errors = messagesOf(error)), complete: () => undefined },
  );
  await until(
    () => errors !== undefined || server.observed.live > 0,
    () => `a reaction to ${code}`,
  );
  await client.dispose();
  if (errors === undefined) return "subscribes again";
  expect(errors).toEqual([`The connection was closed with ${code ?? closeCodes.unauthorized.code}`]);
  return "gives up";
}

describe.each(versions)("The client of $name, as it comes,", ({ create }) => {
  it.each(Object.entries(closeCodes).filter(([name]) => name !== "normal"))(
    "comes back after `%s` exactly if the table of close codes wants it to",
    async (_, { code, reason, retry }) => {
      expect(await reactionTo(create, code, reason)).toBe(retry ? "subscribes again" : "gives up");
    },
  );

  it("does not take 1000 for an end (PROTOCOL 5.3)", async () => {
    const { code, reason, retry } = closeCodes.normal;
    expect(await reactionTo(create, code, reason)).toBe("subscribes again");
    expect(retry).toBe(false);
  });

  it("gives up when the application closes the connection without a code (PROTOCOL 5.3)", async () => {
    expect(await reactionTo(create)).toBe("gives up");
  });

  const rows = new Markdown("PROTOCOL.md").table("Code", "Name");

  it.each(rows.map((row) => [row.get("Code"), row.get("Reason"), row.get("Stock client")]))(
    "does after %s %s what PROTOCOL 5.2 says in its last column: %s",
    async (code, reason, reaction) => {
      expect(await reactionTo(create, Number(code), reason)).toBe(reaction);
    },
  );

  it.each([1002, 1007, 1008, 1009])("gives up on %d (PROTOCOL 5.4)", async (code) => {
    expect(await reactionTo(create, code)).toBe("gives up");
  });
});

/** The waiting of a client between its attempts, shortened. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe.each(versions)("When the server is not up at the first attempt, the client of $name", ({ create }) => {
  it.each([
    ["gives up, as it comes", {}, "gives up"],
    ["subscribes again with shouldRetry", { shouldRetry: () => true, retryAttempts: Infinity }, "subscribes again"],
  ])("%s (PROTOCOL 5.2)", async (_, options, reaction) => {
    await using server = await ChatServer.start();
    const wire = new Wire();
    const client = create({ url: server.url, webSocketImpl: wire.webSocket, retryWait: aTurn, ...options });
    let errors = 0;
    client.subscribe(
      { query: `subscription { messageAdded(room: "lobby") { text } }` },
      { next: () => undefined, error: () => (errors += 1), complete: () => undefined },
    );
    await server.live(1);
    await server.stop();
    await until(
      () => errors > 0 || wire.opened >= 4,
      () => "the client to try again, or to give up",
    );
    await server.startAgain();
    if (errors === 0) await server.live(2);
    expect(errors === 0 ? "subscribes again" : "gives up").toBe(reaction);
    await client.dispose();
  });
});

/** Resolves with what the application has heard of it when a client that was closed with this code has subscribed again. */
async function returnOf(connect: Connect, code: number, reason: string): Promise<Heard> {
  let subscriptions = 0;
  await using server = await ChatServer.start({
    onSubscribe: (_, connection) => {
      subscriptions += 1;
      if (subscriptions === 1) connection.close(code, reason);
    },
  });
  await using client = await connect({ url: server.url, wire: new Wire() });
  const heard = new Heard();
  client.subscribe(`subscription { messageAdded(room: "lobby") { text } }`, heard);
  await server.live(1);
  return heard;
}

const older = clients.filter(({ name }) => /subscriptions-transport-ws|WebSocketLink/.test(name));

describe.each(older)("The client of $name, told to reconnect,", ({ connect }) => {
  it("comes back after whatever close, and its application hears nothing of it (PROTOCOL 10.11)", async () => {
    for (const { code, reason } of Object.values(closeCodes)) {
      const heard = await returnOf(connect, code, reason);
      expect(heard, `after ${code}`).toMatchObject({ results: [], errors: undefined, completed: false });
    }
  });
});
