import { createServer, request, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { createFanfare, silentLog } from "fanfare";
import { describe, expect, it } from "vitest";
import { BareClient, handshakeText } from "./bare-client.ts";
import { Child } from "./child.ts";
import type { DisposedServerAnswers, Remains } from "./disposed-server.ts";
import { exchange } from "./scene.ts";
import { tickerSchema } from "./ticker.ts";
import { until } from "./until.ts";

/** What clients do when the server goes. Together 1,000, of which some are not WebSockets yet. */
const crowd = { sharing: 240, alone: 200, asking: 200, idle: 100, slow: 20, halfOpen: 20, early: 100, connecting: 60 };
const bare = { shaking: 30, posting: 30 };

/** How many connect at the same time: fewer than a server lets one address have. */
const atOnce = 50;

async function times<Made>(count: number, make: (index: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let done = 0; done < count; done += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, count - done) }, (_, index) => make(done + index));
    made.push(...(await Promise.all(batch)));
  }
  return made;
}

/** Everybody who is connected to a busy server. */
class Busy implements Disposable {
  /** They read, so they learn why the connection ends. */
  readonly reading: BareClient[] = [];
  /** They read nothing, or have ended their side: they are cut. */
  readonly deaf: BareClient[] = [];
  readonly sockets: Socket[] = [];

  async fill(port: number): Promise<void> {
    const subscriber = async (query: string): Promise<BareClient> => {
      const client = await BareClient.ready(port);
      client.subscribe("1", query);
      return client;
    };
    const shared = 'subscription { ticks(room: "busy") { n held } }';
    this.reading.push(
      ...(await times(crowd.sharing, () => subscriber(shared))),
      ...(await times(crowd.alone, (index) => subscriber(shared.replace("held", `own${index}: held`)))),
      ...(await times(crowd.asking, () => subscriber("{ held }"))),
      ...(await times(crowd.idle, () => BareClient.ready(port))),
    );
    this.deaf.push(
      ...(await times(crowd.slow, () => this.#slow(port))),
      ...(await times(crowd.halfOpen, () => this.#halfOpen(port))),
    );
    this.sockets.push(
      ...Array.from({ length: bare.shaking }, () => this.#bare(port, handshakeText(port).slice(0, 90))),
      ...Array.from({ length: bare.posting }, () => this.#bare(port, posting.slice(0, 110))),
      ...Array.from({ length: bare.posting }, () => this.#bare(port, posting)),
    );
    this.reading.push(
      ...(await times(crowd.connecting, async () => {
        const client = await BareClient.open(port);
        client.send({ type: "connection_init", payload: { hold: true } });
        return client;
      })),
      ...(await times(crowd.early, () => BareClient.open(port))),
    );
  }

  [Symbol.dispose](): void {
    for (const client of [...this.reading, ...this.deaf]) client[Symbol.dispose]();
    for (const socket of this.sockets) socket.destroy();
  }

  async #slow(port: number): Promise<BareClient> {
    const client = await BareClient.ready(port);
    client.pause();
    client.subscribe("1", 'subscription { dropOldest(room: "busy") { n } }');
    client.subscribe("2", "{ text(bytes: 6000000) }");
    return client;
  }

  async #halfOpen(port: number): Promise<BareClient> {
    const client = await this.#slow(port);
    await client.halfClose();
    return client;
  }

  #bare(port: number, text: string): Socket {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => socket.destroy());
    socket.resume().write(text);
    return socket;
  }
}

const body = '{"query":"{ held }"}';
const posting = `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

async function remains(child: Child<DisposedServerAnswers>): Promise<Remains> {
  await until(
    () => !child.running,
    () => `the end of the process; ${child.output}`,
  );
  await child.exited;
  expect(child.process.exitCode).toBe(0);
  return JSON.parse(child.output);
}

const nothing = {
  sessions: 0,
  operations: 0,
  resources: [],
  timers: 0,
  brokerIsLeft: false,
  errors: [],
  uncaught: [],
};

describe("A disposed server", () => {
  it("that had a thousand busy sessions leaves no timer, socket or listener behind", async () => {
    await using child = new Child<DisposedServerAnswers>("disposed-server.ts");
    const port = await child.ask("port");
    using busy = new Busy();
    await busy.fill(port);
    for (let n = 1; n <= 10; n++) await child.ask("publish", "busy", n);
    expect(await child.ask("observed")).toMatchObject({ errors: [], uncaught: [] });
    // One sweeps, one waits for introductions, one for `onConnect`.
    expect(await child.ask("timers")).toBeGreaterThanOrEqual(3);

    await child.ask("dispose");
    // They are on their way when the doors are shut, and find nobody or somebody who sends them away.
    const late = Array.from({ length: 50 }, () => new BareClient(port));
    const left = await remains(child);
    expect(left).toMatchObject(nothing);
    expect(left.outcomes).toEqual([
      "next: done",
      "publish: done",
      "listen under way: done",
      "publish later: CLOSED",
      "subscribe later: CLOSED",
      "listen later: CLOSED",
      "end later: CLOSED",
    ]);
    await Promise.all(busy.reading.map((client) => client.closed()));
    expect(new Set(busy.reading.map(({ closing }) => closing?.code))).toEqual(new Set([1012]));
    expect(busy.reading.flatMap(({ messages }) => messages.filter(({ type }) => type !== "next"))).toEqual([]);
    await Promise.all(late.map((client) => client.until(() => client.ended, "the end of a late connection")));
  });

  it("that made its broker itself closes it, and ends with clients that are still connecting", async () => {
    await using child = new Child<DisposedServerAnswers>("disposed-server.ts", "own");
    const port = await child.ask("port");
    const clients = Array.from({ length: 200 }, () => new BareClient(port));
    for (const client of clients) client.send({ type: "connection_init" });
    await clients[0]?.until(() => clients.some(({ response }) => response !== ""), "the first to be let in");
    await child.ask("dispose");
    expect(await remains(child)).toMatchObject(nothing);
    await Promise.all(clients.map((client) => client.until(() => client.ended, "the end of a connection")));
    const statuses = new Set(clients.map(({ response }) => response.split(" ")[1]));
    expect([...statuses].filter((status) => status !== undefined && status !== "101" && status !== "503")).toEqual([]);
    const codes = new Set(clients.map(({ closing }) => closing?.code));
    expect([...codes].filter((code) => code !== undefined && code !== 1012 && code !== 1013)).toEqual([]);
  });

  it("gives a server that belongs to somebody else back as it was, with its connections", async () => {
    const server = createServer((_request, response) => response.end("the host's own"));
    server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 418 Teapot\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const before = listenersOf(server);

    const fanfare = createFanfare({ schema: tickerSchema(), log: silentLog });
    fanfare.attach(server);
    expect(listenersOf(server)).not.toEqual(before);
    using client = await BareClient.ready(port);
    client.subscribe("1", 'subscription { ticks(room: "lobby") { n } }');
    await client.handled();
    expect(await get(port, "/graphql?query=%7Bhi%7D")).toBe('{"data":{"hi":"hello"}}');
    await Promise.all([fanfare[Symbol.asyncDispose](), fanfare[Symbol.asyncDispose]()]);

    expect(await client.closed()).toBe(1012);
    expect(server.listening).toBe(true);
    expect(listenersOf(server)).toEqual(before);
    expect(await get(port, "/graphql?query=%7Bhi%7D")).toBe("the host's own");
    expect(await exchange(port, handshakeText(port))).toContain("418 Teapot");
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
});

function listenersOf(server: ReturnType<typeof createServer>): object {
  const events = server.eventNames().map((name) => [String(name), server.listenerCount(name)]);
  return { events: Object.fromEntries(events), own: Object.hasOwn(server, "emit"), emit: Reflect.get(server, "emit") };
}

async function get(port: number, path: string): Promise<string> {
  const asked = request({ port, host: "127.0.0.1", path, headers: { "x-requested-with": "a test" } }).end();
  const [response]: IncomingMessage[] = await once(asked, "response");
  let text = "";
  for await (const chunk of response ?? []) text += String(chunk);
  return text;
}
