import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createYoga } from "graphql-yoga";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });
const attic = room({ room: "attic" });

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

/** GraphQL Yoga on a port of its own, with a schema in which Fanfare's fields are, and a Fanfare that feeds them. */
async function yogaWith(told: (what: string) => void) {
  const live = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  const anywhere = {
    type: messageType,
    ...subscription({
      topics: () => [lobby, attic],
      filter: ({ text }) => text !== "quiet",
      resolve: (event) => ({ ...event, text: event.text.toUpperCase() }),
      initial: () => {
        live.resolve();
        return message("hello");
      },
      onUnsubscribe: (_args, context) => {
        told(`${"params" in context} ${context.operation.id}`);
        left.resolve();
      },
    }),
  };
  const schema = chatSchema({ anywhere });
  const fanfare: Fanfare = createFanfare({ schema, log: silentLog });
  const yoga = createYoga({ schema, logging: false });
  const server = createServer((request, response) => void yoga(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (!isAddress(address)) throw new Error("The server does not listen");
  return {
    fanfare,
    url: `http://127.0.0.1:${address.port}/graphql`,
    live: live.promise,
    left: left.promise,
    async [Symbol.asyncDispose]() {
      await fanfare[Symbol.asyncDispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The results of a stream of server-sent events. */
async function* resultsOf(response: Response): AsyncGenerator {
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").find((line) => line.startsWith("data: {"));
      if (data) yield JSON.parse(data.slice("data: ".length));
    }
  }
}

describe("A declared field inside GraphQL Yoga", () => {
  it("streams over Yoga's server-sent events, beside Fanfare's own clients, until its reader leaves", async () => {
    const told: string[] = [];
    await using yoga = await yogaWith((what) => told.push(what));
    await using client = await connected(yoga.fanfare);
    const own = await client.subscribe("subscription { anywhere { text } }");
    expect(await client.receiveNext(own)).toEqual({ data: { anywhere: { text: "hello" } } });
    const controller = new AbortController();
    const response = await fetch(yoga.url, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ query: "subscription { anywhere { text } }" }),
      signal: controller.signal,
    });
    const results = resultsOf(response);
    await yoga.live;
    expect((await results.next()).value).toEqual({ data: { anywhere: { text: "hello" } } });
    await yoga.fanfare.publish(lobby, message("quiet"));
    await yoga.fanfare.publish([lobby, attic], message("one"));
    await yoga.fanfare.publish(attic, message("two"));
    for (const text of ["ONE", "TWO"]) {
      expect((await results.next()).value).toEqual({ data: { anywhere: { text } } });
      expect(await client.receiveNext(own)).toEqual({ data: { anywhere: { text } } });
    }
    controller.abort();
    await yoga.left;
    expect(told).toEqual(["true foreign"]);
    await expect(results.next()).rejects.toMatchObject({ name: "AbortError" });
  });

  it("ends Yoga's stream when the topic ends", async () => {
    await using yoga = await yogaWith(() => undefined);
    const response = await fetch(yoga.url, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json" },
      body: JSON.stringify({ query: "subscription { anywhere { text } }" }),
    });
    await yoga.live;
    await yoga.fanfare.publish(lobby, message("one"));
    await yoga.fanfare.end(attic);
    const received: unknown[] = [];
    for await (const result of resultsOf(response)) received.push(result);
    expect(received).toEqual(["hello", "ONE"].map((text) => ({ data: { anywhere: { text } } })));
  });
});
