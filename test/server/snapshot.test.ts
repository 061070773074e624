import { GraphQLError, GraphQLString, parse, subscribe, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, FanfareError, silentLog } from "fanfare";
import type { Snapshot } from "fanfare/declare";
import { chatSchema, message, room, tools, type Message } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });

/** A field of texts that begins with a snapshot. */
function beginning(
  snapshot: () => Promise<Snapshot<Message>>,
  more: { readonly hides?: string } = {},
): { readonly state: GraphQLFieldConfig<unknown, object> } {
  return {
    state: {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        filter: ({ text }) => text !== more.hides,
        resolve: ({ text }) => text,
        snapshot,
      }),
    },
  };
}

/** Shows these texts, and with them the events that say the same. */
function showing(...texts: readonly string[]): Snapshot<Message> {
  return { events: texts.map((text) => message(text)), includes: ({ text }) => texts.includes(text) };
}

const query = "subscription { state }";

describe("A snapshot", () => {
  it("goes first, whatever is published while it is read, and what it shows already is left out for good", async () => {
    const { promise, resolve } = Promise.withResolvers<Snapshot<Message>>();
    await using fanfare = createFanfare({ schema: chatSchema(beginning(() => promise)), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    for (const text of ["one", "two"]) await fanfare.publish(lobby, message(text));
    await client.assertNoMessages();
    resolve(showing("zero", "one"));
    for (const text of ["zero", "one", "two"]) expect(await client.receiveNext(id)).toEqual({ data: { state: text } });
    // A relay that is behind publishes what the snapshot has shown.
    for (const text of ["zero", "three"]) await fanfare.publish(lobby, message(text));
    expect(await client.receiveNext(id)).toEqual({ data: { state: "three" } });
    await client.assertNoMessages();
  });

  it("goes through the field's own filter", async () => {
    const schema = chatSchema(beginning(async () => showing("zero", "one"), { hides: "zero" }));
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    expect(await client.receiveNext(id)).toEqual({ data: { state: "one" } });
    await client.assertNoMessages();
  });

  it("is each subscriber's own, and leaves the others' events alone", async () => {
    const snapshots = [showing("one"), undefined];
    const field = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolve: ({ text }) => text,
        snapshot: () => snapshots.shift(),
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ state: field }), log: silentLog });
    await using ada = await connected(fanfare);
    const first = await ada.subscribe(query);
    await using bob = await connected(fanfare);
    const second = await bob.subscribe(query);
    for (const text of ["one", "two"]) await fanfare.publish(lobby, message(text));
    expect([await ada.receiveNext(first), await ada.receiveNext(first)]).toEqual([
      { data: { state: "one" } },
      { data: { state: "two" } },
    ]);
    expect([await bob.receiveNext(second), await bob.receiveNext(second)]).toEqual([
      { data: { state: "one" } },
      { data: { state: "two" } },
    ]);
    await ada.assertNoMessages();
  });

  it("is read no faster than its reader takes it", async () => {
    let read = 0;
    async function* rows(): AsyncGenerator<Message> {
      for (; read < 1_000; read += 1) yield message(String(read));
    }
    const schema = chatSchema(beginning(async () => ({ events: rows(), includes: () => false })));
    await using fanfare = createFanfare({ schema, log: silentLog });
    await using results = await fanfare.subscribe({ query, limit: 5 });
    for (let number = 0; number < 1_000; number += 1) {
      expect(read).toBeLessThan(number + 10);
      expect((await results.next()).value).toEqual({ data: { state: String(number) } });
    }
  });

  it("is told to its end when the topic is ended meanwhile, and what came before the end after it", async () => {
    await using fanfare = createFanfare({
      schema: chatSchema(beginning(async () => showing("zero", "one"))),
      log: silentLog,
    });
    const results = await fanfare.subscribe({ query });
    for (const text of ["one", "two"]) await fanfare.publish(lobby, message(text));
    await fanfare.end(lobby);
    const received: unknown[] = [];
    for await (const { data } of results) received.push(data);
    expect(received).toEqual(["zero", "one", "two"].map((state) => ({ state })));

    const { promise, resolve } = Promise.withResolvers<void>();
    async function* slowly(): AsyncGenerator<Message> {
      yield message("zero");
      await promise;
      yield message("one");
    }
    const slow = beginning(async () => ({ events: slowly(), includes: () => false }));
    await using other = createFanfare({ schema: chatSchema(slow), log: silentLog });
    await using client = await connected(other);
    const id = await client.subscribe(query);
    await other.publish(lobby, message("two"));
    await other.end(lobby);
    resolve();
    for (const text of ["zero", "one", "two"]) expect(await client.receiveNext(id)).toEqual({ data: { state: text } });
    await client.receiveComplete(id);
  });

  it("waits while 16 others are read, so that their rows are not all in memory at the same time", async () => {
    let open = 0;
    let most = 0;
    async function* rows(): AsyncGenerator<Message> {
      most = Math.max(most, (open += 1));
      try {
        for (let row = 0; row < 10; row += 1) yield message(String(row));
      } finally {
        open -= 1;
      }
    }
    const schema = chatSchema(beginning(async () => ({ events: rows(), includes: () => false })));
    await using fanfare = createFanfare({ schema, log: silentLog });
    const read = async (): Promise<number> => {
      let count = 0;
      for await (const { data } of await fanfare.subscribe({ query })) {
        expect(data).toEqual({ state: String(count) });
        count += 1;
        if (count === 10) break;
      }
      return count;
    };
    const counts = await Promise.all(Array.from({ length: 100 }, read));
    expect(counts).toEqual(Array(100).fill(10));
    expect(most).toBe(16);
  });

  it("is not asked for when its operation has ended while it waited", async () => {
    const asked: PromiseWithResolvers<Snapshot<Message>>[] = [];
    const schema = chatSchema(
      beginning(() => {
        const answer = Promise.withResolvers<Snapshot<Message>>();
        asked.push(answer);
        return answer.promise;
      }),
    );
    await using fanfare = createFanfare({ schema, log: silentLog, execution: { snapshots: 1 } });
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    await using eve = await connected(fanfare);
    const first = await ada.subscribe(query);
    const second = await bob.subscribe(query);
    const third = await eve.subscribe(query);
    bob.complete(second);
    await bob.assertNoMessages();
    expect(asked).toHaveLength(1);
    asked[0]?.resolve(showing("zero"));
    expect(await ada.receiveNext(first)).toEqual({ data: { state: "zero" } });
    await eve.assertNoMessages();
    expect(asked).toHaveLength(2);
    asked[1]?.resolve(showing("one"));
    expect(await eve.receiveNext(third)).toEqual({ data: { state: "one" } });
  });

  it("gives its slot back when it fails, and when it is none", async () => {
    const answers = [() => Promise.reject(new GraphQLError("There are no rows")), () => undefined, showing];
    const field = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolve: ({ text }) => text,
        snapshot: async () => answers.shift()?.("zero"),
      }),
    };
    const schema = chatSchema({ state: field });
    await using fanfare = createFanfare({ schema, log: silentLog, execution: { snapshots: 1 } });
    await using client = await connected(fanfare);
    expect(await client.receiveError(client.start(query))).toEqual([{ message: "There are no rows" }]);
    await client.subscribe(query);
    expect(await client.receiveNext(client.start(query))).toEqual({ data: { state: "zero" } });
  });

  it("that fails ends the operation with its error", async () => {
    const failing = beginning(() => Promise.reject(new GraphQLError("There are no rows")));
    await using fanfare = createFanfare({ schema: chatSchema(failing), log: silentLog });
    await using client = await connected(fanfare);
    const id = client.start(query);
    expect(await client.receiveError(id)).toEqual([{ message: "There are no rows" }]);
  });

  it("that cannot say what it shows leaves nothing out", async () => {
    const odd: Snapshot<Message> = {
      events: [message("zero")],
      includes: () => {
        throw new TypeError("no");
      },
    };
    await using fanfare = createFanfare({ schema: chatSchema(beginning(async () => odd)), log: silentLog });
    await using client = await connected(fanfare);
    const id = await client.subscribe(query);
    await fanfare.publish(lobby, message("zero"));
    for (const text of ["zero", "zero"]) expect(await client.receiveNext(id)).toEqual({ data: { state: text } });
  });

  it("goes first under another executor, too", async () => {
    const { promise, resolve } = Promise.withResolvers<Snapshot<Message>>();
    const schema = chatSchema(beginning(() => promise, { hides: "hidden" }));
    await using fanfare = createFanfare({ schema, log: silentLog });
    const subscribing = subscribe({ schema, document: parse(query), contextValue: {} });
    resolve(showing("zero", "hidden", "one"));
    const results = await subscribing;
    if (!(Symbol.asyncIterator in results)) throw new AggregateError(results.errors ?? []);
    for (const text of ["one", "two"]) await fanfare.publish(lobby, message(text));
    for (const text of ["zero", "one", "two"]) {
      expect(await results.next()).toEqual({ done: false, value: { data: { state: text } } });
    }
    await results.return?.();
  });

  it("cannot be declared beside an initial value", () => {
    expect(() =>
      subscription({ topics: () => [lobby], initial: () => message("zero"), snapshot: () => undefined }),
    ).toThrow(new FanfareError("BAD_DECLARATION", "A subscription has either `initial` or `snapshot`, not both"));
  });
});
