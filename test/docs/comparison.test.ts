import { once } from "node:events";
import { createClient, type Client } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { fanfareItself, secret, usualAssembly, type Contender } from "./contender.ts";
import { Markdown } from "./markdown.ts";

const news = "subscription { news { text } }";

/** What a client sees of a server, in the words of the table. */
type Trial = (server: Contender) => Promise<string>;

/** The cells of each row, and what they are tried with. */
const rows: readonly (readonly [title: string, assembly: string, fanfare: string, trial: Trial])[] = [
  ["Executions per event, for 50 clients with the same question", "50", "1", executionsForFifty],
  ["A client stops reading while 32 MB are published", "all of it waits in memory", "closed with 4413", whatWaits],
  ["A page of another site opens a WebSocket", "connected", "refused with 403", foreignPage],
  ["A query 25 levels deep", "executed", "refused with `LIMIT_EXCEEDED`", deepQuery],
  ["A client sends 1,000 messages at once", "all are answered", "closed with 4429", manyMessages],
  ["A resolver fails by accident", "clients read its message", 'clients read "Internal server error"', accident],
];

describe("README.md, its comparison", () => {
  it("has these rows, and no other", () => {
    const table = new Markdown("README.md").table("", "graphql-ws + PubSub", "Fanfare");
    expect(table.map((row) => [...row.values()])).toEqual(rows.map(([...cells]) => cells.slice(0, 3)));
  });

  it.each(rows)("is right about this: %s", async (_title, assembly, fanfare, trial) => {
    await using usual = await usualAssembly();
    await using ours = await fanfareItself();
    expect([await trial(usual), await trial(ours)]).toEqual([assembly, fanfare]);
  });
});

function clientOf(server: Contender): Client {
  return createClient({ url: server.url, webSocketImpl: WebSocket, retryAttempts: 0 });
}

async function executionsForFifty(server: Contender): Promise<string> {
  const clients = Array.from({ length: 50 }, () => clientOf(server));
  const subscriptions = clients.map((client) => client.iterate({ query: news }));
  const first = subscriptions.map((results) => results.next());
  // Whoever has an answer to a later message is subscribed.
  await Promise.all(clients.map((client) => client.iterate({ query: "{ nest { __typename } }" }).next()));
  await server.publish("hello");
  await Promise.all(first);
  for (const client of clients) await client.dispose();
  return String(server.executions);
}

/** No system buffers 32 MB of a connection: what arrives later has waited in the server. */
async function whatWaits(server: Contender): Promise<string> {
  const socket = await subscribed(server);
  socket.pause();
  const text = "x".repeat(65_536);
  for (let count = 0; count < 512; count += 1) {
    await server.publish(text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
  return messagesOrClose(socket, 512, "all of it waits in memory");
}

async function foreignPage(server: Contender): Promise<string> {
  const socket = new WebSocket(server.url, "graphql-transport-ws", { origin: "https://evil.example" });
  return new Promise((resolve) => {
    socket.on("open", () => resolve("connected"));
    socket.on("error", () => undefined);
    socket.on("unexpected-response", (_request, { statusCode }) => resolve(`refused with ${statusCode}`));
  });
}

async function deepQuery(server: Contender): Promise<string> {
  const client = clientOf(server);
  const query = `{ ${"nest { ".repeat(24)} __typename ${"} ".repeat(24)} }`;
  const outcome = await new Promise<string>((resolve) => {
    client.subscribe(
      { query },
      {
        next: () => resolve("executed"),
        error: (errors) => resolve(`refused with \`${codeOf(errors)}\``),
        complete() {},
      },
    );
  });
  await client.dispose();
  return outcome;
}

async function manyMessages(server: Contender): Promise<string> {
  const socket = await subscribed(server);
  const end = messagesOrClose(socket, 1_000, "all are answered");
  for (let count = 0; count < 1_000; count += 1) socket.send('{"type":"ping"}');
  return end;
}

async function accident(server: Contender): Promise<string> {
  const client = clientOf(server);
  const { value } = await client.iterate({ query: "{ nest { broken } }" }).next();
  await client.dispose();
  const message = value?.errors?.[0]?.message;
  return `clients read ${message === secret ? "its message" : JSON.stringify(message)}`;
}

/** What comes first: that many messages, or the end of the connection. */
function messagesOrClose(socket: WebSocket, count: number, then: string): Promise<string> {
  return new Promise((resolve) => {
    let received = 0;
    socket.on("message", () => {
      received += 1;
      if (received === count) resolve(then);
    });
    socket.on("close", (code) => resolve(`closed with ${code}`));
  });
}

/** A socket with a subscription: it has an answer to what it said after subscribing. */
async function subscribed(server: Contender): Promise<WebSocket> {
  const socket = new WebSocket(server.url, "graphql-transport-ws");
  await once(socket, "open");
  socket.send('{"type":"connection_init"}');
  await once(socket, "message");
  socket.send(JSON.stringify({ type: "subscribe", id: "1", payload: { query: news } }));
  socket.send(JSON.stringify({ type: "ping" }));
  await once(socket, "message");
  return socket;
}

function codeOf(errors: unknown): string {
  const [error] = Array.isArray(errors) ? errors : [];
  return String(error?.extensions?.code);
}
