import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import { Scheduler } from "../../src/base/scheduler.ts";
import { LocalSocket } from "../../src/testing/local-socket.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { Inbox } from "../../src/session/inbox.ts";
import { sessionLimits } from "../../src/session/limits.ts";
import { RequestBudget } from "../../src/session/request-budget.ts";

class Connection extends LocalSocket {
  readonly told: string[] = [];

  constructor() {
    const peer = { address: "a", url: "/", header: () => undefined };
    super(
      peer,
      () => undefined,
      () => undefined,
    );
  }
}

/** A connection whose transport can stop to read from it. */
class PausableConnection extends Connection {
  pause(): void {
    this.told.push("pause");
  }

  resume(): void {
    this.told.push("resume");
  }
}

/** A server whose turns have time for one message each. */
class BusyServer {
  readonly engine: { readonly scheduler: Scheduler };
  readonly requests = new RequestBudget(sessionLimits());
  readonly handled: string[] = [];
  readonly #turns = fakeClock();
  #now = 0;

  constructor() {
    const clock: Clock = { ...this.#turns, now: () => this.#now, defer: (callback) => this.#turns.defer(callback) };
    this.engine = { scheduler: new Scheduler(clock, 16) };
  }

  /** An inbox with one message, for which this turn has no time any more. */
  inbox(socket: Connection): Inbox {
    this.handle("earlier work");
    void this.engine.scheduler.hasTime;
    this.#now += 16;
    const time = this.engine.scheduler.whenTime("high");
    if (!time) throw new Error("There is time");
    const inbox = new Inbox(this, socket, time, () => socket.told.push("empty"));
    inbox.add(1, () => this.handle("first"));
    return inbox;
  }

  handle(what: string): void {
    this.handled.push(what);
    this.#now += 16;
  }

  async turn(): Promise<void> {
    this.#turns.turn();
    for (let tick = 0; tick < 20; tick += 1) await Promise.resolve();
  }
}

describe("The inbox of a session", () => {
  it("handles in order what waits, as far as a turn has time", async () => {
    const server = new BusyServer();
    const inbox = server.inbox(new PausableConnection());
    inbox.add(1, () => server.handle("second"));
    inbox.add(1, () => server.handle("third"));
    expect(server.handled).toEqual(["earlier work"]);
    await server.turn();
    expect(server.handled).toEqual(["earlier work", "first"]);
    await server.turn();
    await server.turn();
    expect(server.handled).toEqual(["earlier work", "first", "second", "third"]);
  });

  it("pauses its connection until nothing waits any more, so that the client's kernel holds the rest back", async () => {
    const server = new BusyServer();
    const socket = new PausableConnection();
    const inbox = server.inbox(socket);
    inbox.add(1, () => server.handle("second"));
    await server.turn();
    expect(socket.told).toEqual(["pause"]);
    await server.turn();
    expect(socket.told).toEqual(["pause", "empty", "resume"]);
  });

  it("lets however much wait that a paused connection had read before", async () => {
    const server = new BusyServer();
    const inbox = server.inbox(new PausableConnection());
    for (let message = 0; message < 100; message += 1) inbox.add(250_000, () => server.handle("large"));
    expect(server.handled).toEqual(["earlier work"]);
  });

  it("handles at once what is too much to wait, of a connection that cannot be paused, and before it what waits", () => {
    const server = new BusyServer();
    const inbox = server.inbox(new Connection());
    for (let message = 0; message < 33; message += 1) inbox.add(250_000, () => server.handle("large"));
    expect(server.handled).toEqual(["earlier work"]);
    inbox.add(250_000, () => server.handle("one too many"));
    expect(server.handled).toHaveLength(36);
    expect(server.handled.slice(0, 3)).toEqual(["earlier work", "first", "large"]);
    expect(server.handled.at(-1)).toBe("one too many");
  });

  it("does not pause a connection that could not go on", async () => {
    const server = new BusyServer();
    const told: string[] = [];
    const socket = Object.assign(new Connection(), { pause: () => void told.push("pause") });
    server.inbox(socket);
    await server.turn();
    expect([told, server.handled]).toEqual([[], ["earlier work", "first"]]);
  });

  it("drops what waits at the end of the session, and reads the client's end", async () => {
    const server = new BusyServer();
    const socket = new PausableConnection();
    server.inbox(socket).clear();
    expect(socket.told).toEqual(["pause", "resume"]);
    await server.turn();
    expect(server.handled).toEqual(["earlier work"]);
  });

  it("gives back what has waited, whether it was handled or dropped", async () => {
    const server = new BusyServer();
    for (let round = 0; round < 3; round += 1) {
      const [handled, dropped] = [server.inbox(new Connection()), server.inbox(new Connection())];
      for (let message = 0; message < 16; message += 1) {
        handled.add(250_000, () => server.handle("large"));
        dropped.add(250_000, () => server.handle("never"));
      }
      dropped.clear();
      for (let turn = 0; turn < 20; turn += 1) await server.turn();
    }
    expect(server.handled.filter((what) => what === "large")).toHaveLength(48);
    expect(server.handled).not.toContain("never");
  });
});
