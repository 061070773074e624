import { GraphQLError, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, FanfareError, maskError, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import { chatSchema, message, messageType, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";
import { NotingLog } from "./noting-log.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });

class OutOfStock extends Error {
  readonly item = "bread";
}

const failing = {
  type: GraphQLString,
  ...subscription({
    topics: () => [lobby],
    resolve: ({ text }) => {
      if (text === "secret") throw new Error("the password is 1234");
      if (text === "stock") throw new OutOfStock("no bread");
      if (text === "code") throw new GraphQLError("Too late", { extensions: { code: "TOO_LATE", minutes: 5 } });
      return text;
    },
  }),
};

function serverWith(options: Partial<FanfareOptions>): Fanfare {
  return createFanfare({ schema: chatSchema({ failing }), log: silentLog, ...options });
}

/** The result that one event gives. */
async function resultOf(fanfare: Fanfare, text: string, query = "subscription { failing }"): Promise<unknown> {
  await using client = await connected(fanfare);
  const id = await client.subscribe(query);
  await fanfare.publish(lobby, message(text));
  return await client.receiveNext(id);
}

const place = { locations: [{ line: 1, column: 16 }], path: ["failing"] };

describe("An error for a client", () => {
  it("keeps its words, place and extensions when it was thrown on purpose", async () => {
    await using fanfare = serverWith({});
    expect(await resultOf(fanfare, "code")).toEqual({
      errors: [{ message: "Too late", ...place, extensions: { code: "TOO_LATE", minutes: 5 } }],
      data: { failing: null },
    });
  });

  it("has no locations where it is shared by documents that are formatted differently, PROTOCOL 9.2", async () => {
    await using fanfare = serverWith({});
    const queries = ["subscription { failing }", "subscription { failing }", "subscription {\n  failing\n}"];
    const clients = await Promise.all(queries.map(() => connected(fanfare)));
    const error = { message: "Too late", path: ["failing"], extensions: { code: "TOO_LATE", minutes: 5 } };
    const located = { ...error, locations: place.locations };
    for (const [index, expected] of [located, located, error].entries()) {
      await clients[index]?.subscribe(queries[index] ?? "");
      await fanfare.publish(lobby, message("code"));
      for (const client of clients.slice(0, index + 1)) {
        expect(await client.receiveNext("1")).toEqual({ errors: [expected], data: { failing: null } });
      }
    }
  });

  it("is masked otherwise, and told in full to the operator", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith({ log });
    const result = await resultOf(fanfare, "secret");
    expect(result).toEqual({
      errors: [{ message: "Internal server error", ...place, extensions: { code: "INTERNAL_SERVER_ERROR" } }],
      data: { failing: null },
    });
    expect(log.entries).toEqual([
      {
        level: "error",
        message: "A resolver failed",
        details: {
          field: "Subscription.failing",
          topic: "room:lobby",
          error: expect.objectContaining({ message: "the password is 1234" }),
          path: ["failing"],
        },
      },
    ]);
  });

  it("is masked below the root, too", async () => {
    const nested = {
      type: messageType,
      ...subscription({
        topics: () => [lobby],
        resolve: ({ id }) => ({ id, text: () => Promise.reject(new Error("the password is 1234")) }),
      }),
    };
    await using fanfare = createFanfare({ schema: chatSchema({ nested }), log: silentLog });
    expect(await resultOf(fanfare, "one", "subscription { nested { id text broken } }")).toEqual({
      errors: [
        { message: "broken on purpose", locations: [{ line: 1, column: 33 }], path: ["nested", "broken"] },
        {
          message: "Internal server error",
          locations: [{ line: 1, column: 28 }],
          path: ["nested", "text"],
          extensions: { code: "INTERNAL_SERVER_ERROR" },
        },
      ],
      data: { nested: { id: "one", text: null, broken: null } },
    });
  });
});

describe("formatError", () => {
  it("words every error: of resolvers, of documents, and of hooks", async () => {
    await using fanfare = serverWith({
      formatError: (error) => ({
        message: `Oh: ${error.message}`,
        extensions: { code: error.originalError?.constructor.name ?? "GraphQLError" },
      }),
      onOperation: ({ query }) => {
        if (query === "{ no: hi }") throw new OutOfStock("no");
      },
    });
    expect(await resultOf(fanfare, "stock")).toEqual({
      errors: [{ message: "Oh: no bread", extensions: { code: "OutOfStock" } }],
      data: { failing: null },
    });
    await using client = await connected(fanfare);
    expect(await client.receiveError(client.start("{ nothing }"))).toMatchObject([
      { message: expect.stringMatching(/^Oh: Cannot query field/), extensions: { code: "GraphQLError" } },
    ]);
    expect(await client.receiveError(client.start("{ no: hi }"))).toEqual([
      { message: "Oh: no", extensions: { code: "OutOfStock" } },
    ]);
  });

  it("may fall back on the mask", async () => {
    await using fanfare = serverWith({
      formatError: (error) => (error.originalError instanceof OutOfStock ? { message: "Sold out" } : maskError(error)),
    });
    expect(await resultOf(fanfare, "stock")).toMatchObject({ errors: [{ message: "Sold out" }] });
    expect(await resultOf(fanfare, "secret")).toMatchObject({ errors: [{ message: "Internal server error" }] });
  });

  it("that fails is told to the operator, and the error is masked", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith({
      formatError: () => {
        throw new TypeError("a bug in the formatter");
      },
      log,
    });
    expect(await resultOf(fanfare, "code")).toMatchObject({
      errors: [{ message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } }],
    });
    expect(log.messages).toEqual(["formatError failed"]);
  });
});

describe("formatResponse", () => {
  it("changes the results of subscriptions, queries and mutations, and knows their requests", async () => {
    await using fanfare = serverWith({
      formatResponse: (result, { operationName }) => ({ ...result, extensions: { of: operationName ?? "nobody" } }),
    });
    expect(await resultOf(fanfare, "one")).toEqual({ data: { failing: "one" }, extensions: { of: "nobody" } });
    await using client = await connected(fanfare);
    const query = 'query Hi { hi } mutation Shout { shout(text: "a") }';
    expect(await client.execute({ query, operationName: "Hi" })).toEqual({
      data: { hi: "hello" },
      extensions: { of: "Hi" },
    });
    expect(await client.execute({ query, operationName: "Shout" })).toEqual({
      data: { shout: "A" },
      extensions: { of: "Shout" },
    });
  });

  it("is called once for everybody who shares a result", async () => {
    let called = 0;
    await using fanfare = serverWith({ formatResponse: (result) => ({ ...result, extensions: { n: (called += 1) } }) });
    await using ada = await connected(fanfare);
    await using bob = await connected(fanfare);
    const first = await ada.subscribe("subscription { failing }");
    const second = await bob.subscribe("subscription { failing }");
    await fanfare.publish(lobby, message("one"));
    const shared = { data: { failing: "one" }, extensions: { n: 1 } };
    expect([await ada.receiveNext(first), await bob.receiveNext(second)]).toEqual([shared, shared]);
  });

  it("sees errors as they were formatted", async () => {
    await using fanfare = serverWith({
      formatResponse: ({ errors = [] }) => ({ data: { words: errors.map((error) => error.message) } }),
    });
    expect(await resultOf(fanfare, "secret")).toEqual({ data: { words: ["Internal server error"] } });
  });

  it("that fails gives a masked error, and the subscription goes on", async () => {
    const log = new NotingLog();
    let fails = true;
    await using fanfare = serverWith({
      formatResponse: (result) => {
        if (fails) throw new FanfareError("CLOSED", "a bug in the formatter");
        return result;
      },
      log,
    });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { failing }");
    await fanfare.publish(lobby, message("one"));
    expect(await client.receiveNext(id)).toEqual({
      errors: [{ message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } }],
    });
    expect(log.messages).toEqual(["formatResponse failed"]);
    fails = false;
    await fanfare.publish(lobby, message("two"));
    expect(await client.receiveNext(id)).toEqual({ data: { failing: "two" } });
  });
});
