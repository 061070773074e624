import { describe, expect, it } from "vitest";
import type { Fanfare } from "fanfare";
import { graphqlSubscriptions, graphqlTransportWs, graphqlWs } from "fanfare/dialects";
import { memoryBroker } from "fanfare/brokers/memory";
import type { Broker, Dialect, SocketHandler } from "fanfare/contract";
import { turns } from "fanfare/testing";
import { RecordingSocket } from "./recording-socket.ts";
import { publishTicks, tickServer } from "./ticks.ts";

/** A client on a socket that can be blocked. */
class Talker {
  readonly socket = new RecordingSocket();
  readonly #handler: SocketHandler;

  constructor(fanfare: Fanfare, dialect: Dialect) {
    this.#handler = fanfare.accept(this.socket, dialect);
  }

  async send(...messages: readonly object[]): Promise<void> {
    for (const message of messages) this.#handler.message(JSON.stringify(message));
    await turns(8);
  }

  /** Reads again, and answers what has come since it did not. */
  async read(): Promise<readonly string[]> {
    const before = this.socket.messages.length;
    this.socket.blocked = false;
    this.#handler.drained();
    await turns(2);
    return this.socket.messages.slice(before);
  }
}

const hi = { query: "{ hi }" };
const wrong = { query: "{ nothing }" };
const ticks = { query: "subscription { a { n } }" };

describe("Nothing of an operation that has ended is sent any more, although it still waits,", () => {
  it("once its client has stopped it: its id may be another's by then, PROTOCOL 3.7", async () => {
    await using fanfare = tickServer({ a: {} });
    const client = new Talker(fanfare, graphqlTransportWs());
    await client.send({ type: "connection_init" });
    client.socket.blocked = true;
    await client.send({ type: "subscribe", id: "1", payload: hi }, { type: "subscribe", id: "2", payload: wrong });
    await client.send({ type: "complete", id: "1" }, { type: "complete", id: "2" });
    await client.send({ type: "subscribe", id: "1", payload: ticks });
    await publishTicks(fanfare, "a", 7);
    expect(await client.read()).toEqual(['{"id":"1","type":"next","payload":{"data":{"a":{"n":7}}}}']);
  });

  it("once its topic has ended and its client has stopped it", async () => {
    await using fanfare = tickServer({ a: {} });
    const client = new Talker(fanfare, graphqlTransportWs());
    await client.send({ type: "connection_init" }, { type: "subscribe", id: "1", payload: ticks });
    await turns(8);
    client.socket.blocked = true;
    await publishTicks(fanfare, "a", 7);
    await fanfare.end("a");
    await client.send({ type: "complete", id: "1" });
    expect(await client.read()).toEqual([]);
  });

  it("once another has taken its place, PROTOCOL 10.3", async () => {
    await using fanfare = tickServer({ a: {} });
    const client = new Talker(fanfare, graphqlWs());
    await client.send({ type: "connection_init" });
    client.socket.blocked = true;
    await client.send({ type: "start", id: "1", payload: hi });
    await client.send({ type: "start", id: "1", payload: ticks });
    await publishTicks(fanfare, "a", 7);
    expect(await client.read()).toEqual(['{"id":"1","type":"data","payload":{"data":{"a":{"n":7}}}}']);
  });

  it("but an answer to what was not understood is sent, whatever id it has", async () => {
    await using fanfare = tickServer({ a: {} });
    const client = new Talker(fanfare, graphqlWs());
    await client.send({ type: "connection_init" });
    client.socket.blocked = true;
    await client.send({ type: "start", id: "1" }, { type: "stop", id: "1" });
    expect(await client.read()).toEqual([expect.stringContaining('{"id":"1","type":"error"')]);
  });
});

/** A broker that delivers from the moment it is asked, and confirms when it is let. */
function slowToConfirm(confirmed: Promise<void>): Broker {
  const broker = memoryBroker();
  return {
    supports: broker.supports,
    open: (sink, signal) => broker.open(sink, signal),
    async subscribe(topics) {
      const positions = await broker.subscribe(topics);
      await confirmed;
      return positions;
    },
    unsubscribe: (topics) => broker.unsubscribe(topics),
    publish: (events) => broker.publish(events),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

describe("Where a client is told that its subscription is live,", () => {
  it("events that come before that are sent after it (S1-W5, S1-W6)", async () => {
    const confirmation = Promise.withResolvers<void>();
    await using broker = slowToConfirm(confirmation.promise);
    await using fanfare = tickServer({ a: {} }, { broker });
    const client = new Talker(fanfare, graphqlSubscriptions());
    await client.send({ type: "init" }, { type: "subscription_start", id: 0, ...ticks });
    await publishTicks(fanfare, "a", 1, 2);
    expect(client.socket.messages).toEqual(['{"type":"init_success"}']);
    confirmation.resolve();
    await turns(8);
    expect(client.socket.messages.slice(1)).toEqual([
      '{"type":"subscription_success","id":0}',
      '{"type":"subscription_data","id":0,"payload":{"data":{"a":{"n":1}}}}',
      '{"type":"subscription_data","id":0,"payload":{"data":{"a":{"n":2}}}}',
    ]);
  });
});
