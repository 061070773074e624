import { GraphQLError, GraphQLString, parse, subscribe, type GraphQLSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, SKIP } from "fanfare";
import { turns } from "fanfare/testing";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { NotingLog } from "./noting-log.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });

/** Subscribes with graphql-js, as other servers do. */
async function run(schema: GraphQLSchema, query: string, contextValue: object = {}) {
  const results = await subscribe({ schema, document: parse(query), contextValue });
  if (Symbol.asyncIterator in results) return results;
  throw new AggregateError(results.errors ?? []);
}

describe("A declared field under another executor", () => {
  it("is an async iterable of its results, live when it is there", async () => {
    const schema = chatSchema();
    await using fanfare = createFanfare({ schema, log: silentLog });
    const results = await run(
      schema,
      `subscription { messageAdded(room: "lobby", author: "Ada") { id author { name } } }`,
    );
    await fanfare.publish(lobby, message("zero", { author: { id: "2", name: "Bob" } }));
    await fanfare.publish(lobby, message("one"));
    await fanfare.end(lobby);
    const received: unknown[] = [];
    for await (const result of results) received.push(result);
    expect(received).toEqual([{ data: { messageAdded: { id: "one", author: { name: "Ada" } } } }]);
  });

  it("keeps `match`, `filter`, `visible`, `resolve` and SKIP, all of which may be slow", async () => {
    const said = {
      type: GraphQLString,
      ...subscription({
        topics: async () => [lobby],
        match: () => ({ room: "lobby" }),
        filter: async ({ text }) => text !== "filtered",
        visible: ({ text }) => text !== "hidden",
        resolve: async ({ text }) => (text === "skipped" ? SKIP : text.toUpperCase()),
      }),
    };
    const schema = chatSchema({ said });
    await using fanfare = createFanfare({ schema, log: silentLog });
    const results = await run(schema, "subscription { said }");
    await fanfare.publish(lobby, message("elsewhere", { room: "attic" }));
    for (const text of ["filtered", "hidden", "skipped", "heard"]) await fanfare.publish(lobby, message(text));
    expect(await results.next()).toEqual({ done: false, value: { data: { said: "HEARD" } } });
    await results.return();
  });

  it("has the context in `topics`, `initial`, `resolveFor` and `onUnsubscribe`", async () => {
    const told: unknown[] = [];
    const said = {
      type: GraphQLString,
      ...subscription({
        topics: (_args: object, { user }) => [room({ room: `of:${user}` })],
        initial: (_args, { user }) => `hello ${user}`,
        resolveFor: ({ text }, _args, { user }) => `${text} for ${user}`,
        onUnsubscribe: (_args, { user }) => void told.push(user),
      }),
    };
    const schema = chatSchema({ said });
    await using fanfare = createFanfare({ schema, log: silentLog });
    const results = await run(schema, "subscription { said }", { user: "ada" });
    await fanfare.publish(room({ room: "of:ada" }), message("one"));
    expect((await results.next()).value).toEqual({ data: { said: "hello ada" } });
    expect((await results.next()).value).toEqual({ data: { said: "one for ada" } });
    await results.return();
    await results.return();
    expect(told).toEqual(["ada"]);
  });

  it("has an operation in the context, which joins and leaves topics and keeps state", async () => {
    const said = {
      type: GraphQLString,
      ...subscription({
        topics: (_args: object, { operation }) => {
          operation.state["count"] = 0;
          return [lobby];
        },
        resolveFor: async ({ text }, _args, { operation }) => {
          if (text === "open") await operation.join(room({ room: "attic" }));
          if (text === "shut") await operation.leave(room({ room: "attic" }));
          operation.state["count"] = Number(operation.state["count"]) + 1;
          return `${text} ${String(operation.state["count"])}`;
        },
      }),
    };
    const schema = chatSchema({ said });
    await using fanfare = createFanfare({ schema, log: silentLog });
    const results = await run(schema, "subscription { said }");
    const attic = room({ room: "attic" });
    const nextValue = async () => (await results.next()).value;
    await fanfare.publish(attic, message("early"));
    await fanfare.publish(lobby, message("open"));
    expect(await nextValue()).toEqual({ data: { said: "open 1" } });
    await fanfare.publish(attic, message("boo"));
    expect(await nextValue()).toEqual({ data: { said: "boo 2" } });
    await fanfare.publish(lobby, message("shut"));
    expect(await nextValue()).toEqual({ data: { said: "shut 3" } });
    await fanfare.publish(attic, message("late"));
    await fanfare.publish(lobby, message("end"));
    expect(await nextValue()).toEqual({ data: { said: "end 4" } });
    await results.return();
  });

  it("gets an event of several topics once", async () => {
    const anywhere = {
      type: messageType,
      ...subscription({ topics: () => [lobby, room({ room: "attic" }), lobby] }),
    };
    const schema = chatSchema({ anywhere });
    await using fanfare = createFanfare({ schema, log: silentLog });
    const results = await run(schema, "subscription { anywhere { id } }");
    await fanfare.publish([lobby, room({ room: "attic" })], message("one"));
    await fanfare.publish(room({ room: "attic" }), message("two"));
    expect((await results.next()).value).toEqual({ data: { anywhere: { id: "one" } } });
    expect((await results.next()).value).toEqual({ data: { anywhere: { id: "two" } } });
    await results.return();
  });

  it("stands with its initial value before what was published meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const said = {
      type: GraphQLString,
      ...subscription({ topics: () => [lobby], resolve: ({ text }) => text, initial: () => promise }),
    };
    const schema = chatSchema({ said });
    await using fanfare = createFanfare({ schema, log: silentLog });
    const running = run(schema, "subscription { said }");
    await turns(5);
    await fanfare.publish(lobby, message("one"));
    resolve("zero");
    const results = await running;
    expect((await results.next()).value).toEqual({ data: { said: "zero" } });
    expect((await results.next()).value).toEqual({ data: { said: "one" } });
    await results.return();
  });

  it("lets go of its topics when its initial value fails", async () => {
    const told: string[] = [];
    const said = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        filter: ({ text }) => told.push(text) > 0,
        initial: () => Promise.reject(new GraphQLError("There is no state yet")),
        onUnsubscribe: () => void told.push("unsubscribed"),
      }),
    };
    const schema = chatSchema({ said });
    await using fanfare = createFanfare({ schema, log: silentLog });
    await expect(run(schema, "subscription { said }")).rejects.toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ message: "There is no state yet" })] }),
    );
    await fanfare.publish(lobby, message("one"));
    await turns(5);
    expect(told).toEqual(["unsubscribed"]);
  });

  it("survives an `onUnsubscribe` that fails, and tells the operator", async () => {
    const log = new NotingLog();
    const said = {
      type: messageType,
      ...subscription({
        topics: () => [lobby],
        onUnsubscribe: () => Promise.reject(new Error("the table of guests is gone")),
      }),
    };
    const schema = chatSchema({ said });
    await using fanfare = createFanfare({ schema, log });
    const results = await run(schema, "subscription { said { id } }");
    await results.return();
    await turns(2);
    expect(log.messages).toEqual(["onUnsubscribe failed"]);
    await expect(fanfare.publish(lobby, message("one"))).resolves.toBeUndefined();
  });

  it("puts an error of its resolver into the result of its event", async () => {
    const said = {
      type: GraphQLString,
      ...subscription({
        topics: () => [lobby],
        resolve: ({ text }) => {
          if (text === "bad") throw new GraphQLError("Not today");
          return text;
        },
      }),
    };
    const schema = chatSchema({ said });
    await using fanfare = createFanfare({ schema, log: silentLog });
    const results = await run(schema, "subscription { said }");
    await fanfare.publish(lobby, message("bad"));
    await fanfare.publish(lobby, message("good"));
    expect((await results.next()).value).toMatchObject({ data: { said: null }, errors: [{ message: "Not today" }] });
    expect((await results.next()).value).toEqual({ data: { said: "good" } });
    await results.return();
  });

  it("is refused before there is a server, and after it was disposed", async () => {
    const said = { type: GraphQLString, ...subscription({ topics: () => [lobby], resolve: ({ text }) => text }) };
    const schema = chatSchema({ said });
    const refusal = expect.objectContaining({
      errors: [expect.objectContaining({ originalError: expect.objectContaining({ code: "NOT_BOUND" }) })],
    });
    await expect(run(schema, "subscription { said }")).rejects.toThrow(refusal);
    await createFanfare({ schema, log: silentLog })[Symbol.asyncDispose]();
    await expect(run(schema, "subscription { said }")).rejects.toThrow(refusal);
  });

  it("ends when the server is disposed", async () => {
    const schema = chatSchema();
    const fanfare = createFanfare({ schema, log: silentLog });
    const results = await run(schema, `subscription { messageAdded(room: "lobby") { id } }`);
    const next = results.next();
    await fanfare[Symbol.asyncDispose]();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
