import { describe, expect, it } from "vitest";
import type { Fanfare } from "fanfare";
import { graphqlTransportWs } from "fanfare/dialects";
import type { SocketHandler } from "fanfare/contract";
import { turns } from "fanfare/testing";
import { RecordingSocket } from "./recording-socket.ts";
import { StandingTime } from "./standing-time.ts";
import { publishTicks, tickServer } from "./ticks.ts";

/** A client of which every write can be seen. */
class WatchedClient {
  readonly socket = new RecordingSocket();
  readonly handler: SocketHandler;

  constructor(fanfare: Fanfare) {
    this.handler = fanfare.accept(this.socket, graphqlTransportWs());
  }

  async subscribe(...fields: readonly string[]): Promise<void> {
    this.send({ type: "connection_init" });
    await turns(4);
    for (const field of fields)
      this.send({ type: "subscribe", id: field, payload: { query: `subscription { ${field} { n } }` } });
    await turns(8);
    this.socket.writes.length = 0;
    this.socket.done.length = 0;
  }

  send(message: object): void {
    this.handler.message(JSON.stringify(message));
  }

  /** `a1` for a result of `a` with n 1, `a complete`, `pong`; a list for each write. */
  get writes(): readonly (readonly string[])[] {
    return this.socket.writes.map((messages) => messages.map(inShort));
  }
}

function inShort(text: string): string {
  const [, id, n] = /^{"id":"(\w)","type":"next","payload":.*{"n":(\d+)/.exec(text) ?? [];
  if (id !== undefined && n !== undefined) return `${id}${n}`;
  const [, type, operation] = /^{"type":"(\w+)"(?:,"id":"(\w)")?}$/.exec(text) ?? [];
  return operation === undefined ? (type ?? text) : `${operation} ${type}`;
}

/** A server for which no turn is too long, however busy the machine is: a longer one would leave work for the next. */
function steadyServer(...[fields, options]: Parameters<typeof tickServer>): Fanfare {
  return tickServer(fields, { clock: new StandingTime(), ...options });
}

describe("What is published in one turn", () => {
  it("leaves a client with one operation in one write", async () => {
    await using fanfare = steadyServer({ a: {} });
    const client = new WatchedClient(fanfare);
    await client.subscribe("a");
    void fanfare.publish("a", { n: 1 });
    void fanfare.publish("a", { n: 2 });
    await publishTicks(fanfare, "a", 3);
    await publishTicks(fanfare, "a", 4);
    expect(client.writes).toEqual([["a1", "a2", "a3"], ["a4"]]);
  });

  it("leaves a client with several operations in one write", async () => {
    await using fanfare = steadyServer({ a: {}, b: {}, c: {} });
    const client = new WatchedClient(fanfare);
    await client.subscribe("a", "b", "c");
    void fanfare.publish("a", { n: 1 });
    void fanfare.publish("b", { n: 2 });
    void fanfare.publish("c", { n: 3 });
    await publishTicks(fanfare, "a", 4);
    expect(client.writes).toEqual([["a1", "a4", "b2", "c3"]]);
  });

  it("leaves with the messages of the protocol, in one write", async () => {
    await using fanfare = steadyServer({ a: {}, b: {} });
    const client = new WatchedClient(fanfare);
    await client.subscribe("a", "b");
    client.send({ type: "ping" });
    void fanfare.publish("a", { n: 1 });
    client.send({ type: "ping" });
    await turns(2);
    expect(client.writes).toEqual([["pong", "pong", "a1"]]);
  });

  it("leaves in pieces of 64 KiB, so that a socket that cannot take more can say so", async () => {
    await using fanfare = steadyServer(
      { a: { queue: { messages: 1_000, bytes: 1_000_000 } } },
      { limits: { outboxBytes: 1_000_000 } },
    );
    const client = new WatchedClient(fanfare);
    await client.subscribe("a");
    client.send({ type: "subscribe", id: "b", payload: { query: "subscription { a { n text } }" } });
    await turns(8);
    client.socket.blocked = true;
    const text = "x".repeat(30_000);
    for (let n = 1; n <= 5; n += 1) await publishTicks(fanfare, "a", { n, text });
    expect(client.writes).toEqual([]);
    client.socket.blocked = false;
    const write = client.socket.write.bind(client.socket);
    client.socket.write = (parts, count) => {
      write(parts, count);
      client.socket.blocked = true;
    };
    client.handler.drained();
    expect(client.writes).toEqual([["a1", "b1", "a2", "b2", "a3", "b3"]]);
    client.socket.blocked = false;
    client.handler.drained();
    expect(client.writes).toHaveLength(2);
  });
});

describe("What is written", () => {
  it("keeps its order when the socket stops taking more and goes on", async () => {
    await using fanfare = steadyServer({ a: {} });
    const client = new WatchedClient(fanfare);
    await client.subscribe("a");
    await publishTicks(fanfare, "a", 1);
    client.socket.blocked = true;
    await publishTicks(fanfare, "a", 2, 3);
    client.socket.blocked = false;
    await publishTicks(fanfare, "a", 4);
    client.handler.drained();
    await publishTicks(fanfare, "a", 5);
    expect(client.writes.flat()).toEqual(["a1", "a2", "a3", "a4", "a5"]);
  });

  it("has the end of an operation behind its last result", async () => {
    await using fanfare = steadyServer({ a: {}, b: {} });
    const [one, two] = [new WatchedClient(fanfare), new WatchedClient(fanfare)];
    await one.subscribe("a");
    await two.subscribe("a", "b");
    void fanfare.publish("a", { n: 1 });
    void fanfare.end("a");
    void fanfare.publish("b", { n: 2 });
    await publishTicks(fanfare, "a", 3);
    expect(one.writes.flat()).toEqual(["a1", "a complete"]);
    expect(two.writes.flat()).toEqual(["a1", "a complete", "b2"]);
  });

  it("has no result behind a close, though the closing takes its time, PROTOCOL 2.7", async () => {
    await using fanfare = steadyServer({ a: {}, b: {} });
    const [one, two] = [new WatchedClient(fanfare), new WatchedClient(fanfare)];
    await one.subscribe("a");
    await two.subscribe("a", "b");
    for (const { handler } of [one, two]) {
      void fanfare.publish("a", { n: 1 });
      handler.message("nonsense");
    }
    await publishTicks(fanfare, "a", 2);
    for (const { handler, socket } of [one, two]) {
      handler.drained();
      handler.closed(4400, "");
      expect(socket.done.at(-1)).toBe("close 4400 Not valid JSON");
    }
  });

  it("is nothing at all for an event that is hidden from a viewer", async () => {
    await using fanfare = steadyServer({ a: { visible: ({ n }) => n > 1 }, b: {} });
    const [one, two] = [new WatchedClient(fanfare), new WatchedClient(fanfare)];
    await one.subscribe("a");
    await two.subscribe("a", "b");
    await publishTicks(fanfare, "a", 1);
    expect([...one.socket.done, ...two.socket.done]).toEqual([]);
    await publishTicks(fanfare, "a", 2);
    expect([...one.writes, ...two.writes]).toEqual([["a2"], ["a2"]]);
  });

  it("has nothing of an operation that its client stops in the middle of a write", async () => {
    const clients: WatchedClient[] = [];
    const visible = ({ n }: { n: number }): boolean => {
      if (n === 1) for (const client of clients) client.send({ type: "complete", id: "a" });
      return true;
    };
    await using fanfare = steadyServer({ a: { visible }, b: { topics: () => ["a"] } });
    const client = new WatchedClient(fanfare);
    clients.push(client);
    await client.subscribe("a", "b");
    client.socket.blocked = true;
    await publishTicks(fanfare, "a", 1, 2);
    client.socket.blocked = false;
    client.handler.drained();
    expect(client.writes).toEqual([["a1", "b1", "b2"]]);
  });

  it("is right although a `visible` has another client's socket drained in the middle of a write", async () => {
    const others: WatchedClient[] = [];
    const visible = ({ n }: { n: number }): boolean => {
      for (const { handler, socket } of n === 2 ? others : []) {
        socket.blocked = false;
        handler.drained();
      }
      return true;
    };
    await using fanfare = steadyServer({ a: { visible }, b: {} });
    const [client, other] = [new WatchedClient(fanfare), new WatchedClient(fanfare)];
    await client.subscribe("a");
    await other.subscribe("b");
    other.socket.blocked = true;
    await publishTicks(fanfare, "b", 7);
    others.push(other);
    void fanfare.publish("a", { n: 1 });
    await publishTicks(fanfare, "a", 2);
    expect(client.writes).toEqual([["a1", "a2"]]);
    expect(other.writes).toEqual([["b7"]]);
  });

  it("is right although a `visible` publishes, and so makes other clients write", async () => {
    const nested: Promise<void>[] = [];
    const fanfare = steadyServer({
      a: {
        visible: ({ n }) => {
          if (n === 1) nested.push(fanfare.publish("b", { n: 7 }));
          return true;
        },
      },
      b: {},
    });
    await using _ = fanfare;
    const [asking, other] = [new WatchedClient(fanfare), new WatchedClient(fanfare)];
    await asking.subscribe("a");
    await other.subscribe("b");
    await publishTicks(fanfare, "a", 1, 2);
    await Promise.all(nested);
    expect(asking.writes).toEqual([["a1"], ["a2"]]);
    expect(other.writes).toEqual([["b7"]]);
  });
});
