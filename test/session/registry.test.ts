import { describe, expect, it } from "vitest";
import { fakeClock, TestClient } from "fanfare/testing";
import { createFanfare, silentLog } from "fanfare";
import { graphqlTransportWs } from "fanfare/dialects";
import type { CloseCode, Peer } from "fanfare/contract";
import { SessionRegistry, type LiveSession } from "../../src/session/registry.ts";
import { sessionLimits } from "../../src/session/limits.ts";
import { chatSchema } from "../server/chat.ts";
import { connected } from "../server/connected.ts";
import { RecordingSocket } from "./recording-socket.ts";
import { StandingTime } from "./standing-time.ts";

function peerAt(address: string): Peer {
  return { address, url: "/graphql", header: () => undefined };
}

/** A session that notes what the registry asks of it. */
class NotedSession implements LiveSession {
  readonly peer: Peer;
  readonly ends: CloseCode[] = [];
  checks = 0;

  constructor(address: string) {
    this.peer = peerAt(address);
  }

  end(code: CloseCode): void {
    this.ends.push(code);
  }

  checkAlive(): void {
    this.checks += 1;
  }
}

function registryWith(limits: Parameters<typeof sessionLimits>[0]): SessionRegistry {
  return new SessionRegistry(sessionLimits(limits), fakeClock(), Infinity);
}

const refusedByLoad = { status: 503, code: 1013, reason: "Try again later" };
const refusedByAddress = { status: 429, code: 1013, reason: "Try again later" };

describe("The registry of sessions", () => {
  it("admits as many connections as may be open in all, PROTOCOL 1.5", () => {
    const registry = registryWith({ sessions: 2 });
    const [first, second] = [new NotedSession("a"), new NotedSession("b")];
    registry.add(first);
    expect(registry.admit(peerAt("c"))).toBeUndefined();
    registry.add(second);
    expect(registry.admit(peerAt("c"))).toEqual(refusedByLoad);
    registry.delete(first);
    expect(registry.admit(peerAt("c"))).toBeUndefined();
    expect(registry.size).toBe(1);
  });

  it("admits as many of one address as may be unacknowledged", () => {
    const registry = registryWith({ unacknowledgedPerAddress: 2 });
    const [first, second] = [new NotedSession("a"), new NotedSession("a")];
    registry.add(first);
    expect(registry.admit(peerAt("a"))).toBeUndefined();
    registry.add(second);
    expect(registry.admit(peerAt("a"))).toEqual(refusedByAddress);
    expect(registry.admit(peerAt("b"))).toBeUndefined();
    registry.acknowledged(first);
    registry.acknowledged(first);
    expect(registry.admit(peerAt("a"))).toBeUndefined();
    registry.add(new NotedSession("a"));
    expect(registry.admit(peerAt("a"))).toEqual(refusedByAddress);
    registry.delete(second);
    expect(registry.admit(peerAt("a"))).toBeUndefined();
  });

  it("admits as many of one address as may be open", () => {
    const registry = registryWith({ sessionsPerAddress: 2 });
    const [first, second] = [new NotedSession("a"), new NotedSession("a")];
    for (const session of [first, second]) {
      expect(registry.admit(peerAt("a"))).toBeUndefined();
      registry.add(session);
      registry.acknowledged(session);
    }
    expect(registry.admit(peerAt("a"))).toEqual(refusedByAddress);
    expect(registry.admit(peerAt("b"))).toBeUndefined();
    registry.delete(first);
    expect(registry.admit(peerAt("a"))).toBeUndefined();
  });

  it("counts a session once, however often it goes", () => {
    const registry = registryWith({ sessionsPerAddress: 2 });
    const [first, second] = [new NotedSession("a"), new NotedSession("a")];
    registry.add(first);
    registry.add(second);
    registry.delete(first);
    registry.delete(first);
    expect(registry.size).toBe(1);
    registry.add(first);
    expect(registry.admit(peerAt("a"))).toEqual(refusedByAddress);
  });

  it("admits nobody once it drains, and asks everybody to come back elsewhere", () => {
    const registry = registryWith({});
    const sessions = Array.from({ length: 20 }, (_, index) => new NotedSession(String(index)));
    for (const session of sessions) registry.add(session);
    registry.drain();
    expect(registry.admit(peerAt("z"))).toEqual(refusedByLoad);
    expect(sessions.map(({ ends }) => ends.map(({ code }) => code))).toEqual(sessions.map(() => [1012]));
  });

  it("looks after every session once per interval, with one timer, in parts", () => {
    const clock = fakeClock();
    const registry = new SessionRegistry(sessionLimits(), clock, 12_000);
    const sessions = Array.from({ length: 18 }, (_, index) => new NotedSession(String(index)));
    for (const session of sessions) registry.add(session);
    expect(clock.pending).toBe(1);
    const checked = (): number => sessions.reduce((sum, { checks }) => sum + checks, 0);
    for (let part = 1; part <= 24; part += 1) {
      clock.advance(1_000);
      const [whole, rest] = [Math.floor(part / 12), part % 12];
      expect(checked()).toBe(whole * sessions.length + 3 * Math.max(0, rest - 6));
    }
    expect(sessions.every(({ checks }) => checks === 2)).toBe(true);
    registry[Symbol.dispose]();
    expect(clock.pending).toBe(0);
  });

  it("leaves a session alone for the first half of an interval, and not for longer than an interval", () => {
    const clock = fakeClock();
    const registry = new SessionRegistry(sessionLimits(), clock, 12_000);
    for (let part = 0; part < 24; part += 1) {
      const session = new NotedSession(String(part));
      registry.add(session);
      clock.advance(6_000);
      expect(session.checks).toBe(0);
      clock.advance(6_000);
      expect(session.checks).toBe(1);
      registry.delete(session);
      clock.advance(1_000);
    }
  });

  it("lets sessions go while it looks after them", () => {
    const clock = fakeClock();
    const registry = new SessionRegistry(sessionLimits(), clock, 12_000);
    const sessions = Array.from({ length: 36 }, (_, index) => new NotedSession(String(index)));
    for (const session of sessions) {
      registry.add(session);
      session.checkAlive = () => registry.delete(session);
    }
    clock.advance(12_000);
    expect(registry.size).toBe(0);
  });

  it("has no timer where there is no keep-alive", () => {
    const clock = fakeClock();
    const registry = new SessionRegistry(sessionLimits(), clock, Infinity);
    registry.add(new NotedSession("a"));
    expect(clock.pending).toBe(0);
  });
});

const schema = chatSchema();

describe("Keep-alive", () => {
  it("pings every client, and cuts off the one that does not answer, PROTOCOL 4.2", async () => {
    const clock = new StandingTime();
    await using fanfare = createFanfare({ schema, log: silentLog, clock });
    await using alive = await connected(fanfare);
    await using dead = await connected(fanfare);
    clock.advance(12_000);
    expect([alive.socket.pings, dead.socket.pings]).toEqual([1, 1]);
    alive.pong();
    clock.advance(12_000);
    expect(await dead.waitDisconnect()).toEqual({ code: 1006, reason: "" });
    expect(alive.connected).toBe(true);
    expect(alive.socket.pings).toBe(2);
  });

  it("needs 24 seconds at most to find out, whenever a client came", async () => {
    const clock = new StandingTime();
    await using fanfare = createFanfare({ schema, log: silentLog, clock });
    const clients: TestClient[] = [];
    for (let count = 0; count < 13; count += 1) {
      clients.push(await connected(fanfare));
      clock.advance(500);
    }
    const [last] = clients.slice(-1);
    clock.advance(23_500);
    expect(last?.connected).toBe(false);
    expect(clients.filter((client) => client.connected)).toEqual([]);
  });

  it("also cuts off a client that never introduced itself, and one that never finishes its closing", () => {
    const clock = fakeClock();
    const fanfare = createFanfare({ schema, log: silentLog, clock, limits: { initMilliseconds: 1_000_000 } });
    const [silent, closing] = [new RecordingSocket(), new RecordingSocket()];
    fanfare.accept(silent, graphqlTransportWs());
    fanfare.accept(closing, graphqlTransportWs()).message("nonsense");
    clock.advance(24_000);
    expect(silent.done).toEqual(["ping", "terminate"]);
    expect(closing.done).toEqual(["close 4400 Not valid JSON", "ping", "terminate"]);
  });

  it("is the only timer of idle connections, and none is left after the end", async () => {
    const clock = new StandingTime();
    const fanfare = createFanfare({ schema, log: silentLog, clock });
    for (let count = 0; count < 5; count += 1) {
      const client = await connected(fanfare);
      await client.subscribe(`subscription { messageAdded(room: "lobby") { id } }`);
    }
    clock.advance(sessionLimits().initMilliseconds);
    expect(clock.pending).toBe(1);
    await fanfare[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
  });

  it("is not there with Infinity", async () => {
    const clock = new StandingTime();
    await using fanfare = createFanfare({ schema, log: silentLog, clock, keepAlive: Infinity });
    await using client = await connected(fanfare);
    clock.advance(1_000_000);
    expect(client.socket.pings).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe("After the end no timer is left", () => {
  it("of connections that did not introduce themselves, of those that wait for a decision, and of lingering topics", async () => {
    const clock = new StandingTime();
    const never = Promise.withResolvers<void>();
    const onConnect = (params: object): Promise<void> => ("wait" in params ? never.promise : Promise.resolve());
    const fanfare = createFanfare({ schema, log: silentLog, clock, onConnect });
    await using silent = new TestClient(fanfare);
    await using waiting = new TestClient(fanfare);
    await waiting.connectAndInit({ wait: true }, { connectOnly: true });
    await using leaving = await connected(fanfare);
    leaving.complete(await leaving.subscribe(`subscription { messageAdded(room: "lobby") { id } }`));
    expect(silent.connected).toBe(true);
    // One for each of these, one for pings and one for slow starts.
    expect(clock.pending).toBe(5);
    await fanfare[Symbol.asyncDispose]();
    expect(clock.pending).toBe(0);
    never.resolve();
  });
});
