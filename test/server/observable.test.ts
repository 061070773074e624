import { GraphQLError, GraphQLInt } from "graphql";
import { concat, EMPTY, filter, finalize, map, NEVER, Observable, of, range, Subject, throwError } from "rxjs";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type Fanfare } from "fanfare";
import { turns } from "fanfare/testing";
import { chatSchema } from "./chat.ts";
import { connected } from "./connected.ts";
import { LiveClient } from "./live-client.ts";

interface Car {
  readonly id: number;
  readonly kind: "created" | "updated";
}

function serverWith(observable: (args: { id?: number }) => unknown, resolve = (value: unknown) => value): Fanfare {
  const ticks = {
    type: GraphQLInt,
    args: { id: { type: GraphQLInt } },
    subscribe: (_source: unknown, args: { id?: number }) => observable(args),
    resolve,
  };
  return createFanfare({ schema: chatSchema({ ticks }), log: silentLog });
}

describe("A field whose `subscribe` answers an observable", () => {
  it("filters and maps one stream of events for each operation", async () => {
    const events = new Subject<Car>();
    await using fanfare = serverWith(({ id }) =>
      events.pipe(
        filter((event) => event.kind === "updated" && event.id === id),
        map((event) => event.id * 10),
      ),
    );
    await using client = await connected(fanfare);
    const one = await client.subscribe("subscription { ticks(id: 1) }");
    const two = await client.subscribe("subscription { ticks(id: 2) }");
    events.next({ id: 1, kind: "created" });
    events.next({ id: 2, kind: "updated" });
    expect(await client.receiveNext(two)).toEqual({ data: { ticks: 20 } });
    events.next({ id: 1, kind: "updated" });
    expect(await client.receiveNext(one)).toEqual({ data: { ticks: 10 } });
    await client.assertNoMessages();
  });

  it("delivers in order what is emitted at once, and completes with it", async () => {
    await using fanfare = serverWith(() => of(1, 2, 3));
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    for (const ticks of [1, 2, 3]) expect(await client.receiveNext(id)).toEqual({ data: { ticks } });
    await client.receiveComplete(id);
  });

  it("may be over before it began", async () => {
    await using fanfare = serverWith(() => EMPTY);
    await using client = await connected(fanfare);
    await client.receiveComplete(client.start("subscription { ticks }"));
  });

  it("ends with an error of the operation when it fails, after what it had emitted", async () => {
    await using fanfare = serverWith(() =>
      concat(
        of(1),
        throwError(() => new GraphQLError("The clock has stopped")),
      ),
    );
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 1 } });
    expect(await client.receiveError(id)).toEqual([{ message: "The clock has stopped" }]);
    await client.assertNoMessages();
  });

  it("counts an emission without a value, also when it comes before it is asked for", async () => {
    let computed = 0;
    const bell = new Subject<void>();
    await using fanfare = serverWith(
      () => bell,
      () => (computed += 1),
    );
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { ticks }");
    bell.next();
    bell.next();
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 1 } });
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 2 } });
  });

  it("is unsubscribed from when its client completes the operation, and once only", async () => {
    let finalized = 0;
    const events = new Subject<number>();
    await using fanfare = serverWith(() => events.pipe(finalize(() => (finalized += 1))));
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { ticks }");
    expect(events.observed).toBe(true);
    client.complete(id);
    await turns(2);
    expect([events.observed, finalized]).toEqual([false, 1]);
    events.next(1);
    await client.assertNoMessages();
  });

  it("is unsubscribed from when the socket of a real client dies", async () => {
    const { promise: finalized, resolve } = Promise.withResolvers<void>();
    const events = new Subject<number>();
    await using fanfare = serverWith(() => events.pipe(finalize(resolve)));
    const client = await LiveClient.of(fanfare);
    const results = client.iterate({ query: "subscription { ticks }" });
    const first = results.next();
    while (!events.observed) await turns(1);
    events.next(1);
    expect((await first).value).toEqual({ data: { ticks: 1 } });
    await client.cut();
    await finalized;
    await expect(results.next()).rejects.toMatchObject({ code: 1006 });
  });

  it("cannot wait, so it is left when a client does not keep up with it, who is disconnected after what waits", async () => {
    const events = new Subject<number>();
    await using fanfare = serverWith(() => events);
    await using client = await connected(fanfare);
    client.pause();
    await client.subscribe("subscription { ticks }");
    let emitted = 0;
    while (events.observed) {
      events.next(emitted);
      emitted += 1;
      await turns(1);
    }
    expect(emitted).toBeLessThan(600);
    client.resume();
    await client.waitDisconnect(4413);
  });

  it("is left although it emitted too much before it said how to leave it", async () => {
    const { promise: finalized, resolve } = Promise.withResolvers<void>();
    await using fanfare = serverWith(() => concat(range(1, 1_000), NEVER).pipe(finalize(resolve)));
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    await finalized;
    expect(await client.receiveNext(id)).toEqual({ data: { ticks: 1 } });
    await client.waitDisconnect(4413);
  });

  it("runs in process, too", async () => {
    const events = new Subject<number>();
    await using fanfare = serverWith(() => events);
    const results = await fanfare.subscribe({ query: "subscription { ticks }" });
    events.next(1);
    events.next(2);
    expect((await results.next()).value).toEqual({ data: { ticks: 1 } });
    expect((await results.next()).value).toEqual({ data: { ticks: 2 } });
    await results.return?.();
    expect(events.observed).toBe(false);
  });

  it("is an error of the operation when subscribing to it throws", async () => {
    const odd = {
      subscribe: () => {
        throw new GraphQLError("There is no clock");
      },
    };
    expect(odd).not.toBeInstanceOf(Observable);
    await using fanfare = serverWith(() => odd);
    await using client = await connected(fanfare);
    const id = client.start("subscription { ticks }");
    expect(await client.receiveError(id)).toMatchObject([{ message: "There is no clock", path: ["ticks"] }]);
  });
});
