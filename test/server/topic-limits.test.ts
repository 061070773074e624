import { GraphQLInt, GraphQLNonNull, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { turns } from "fanfare/testing";
import { chatSchema, message, room, tools } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const numbered = (count: number) => Array.from({ length: count }, (_, index) => room({ room: String(index) }));

const fields = {
  many: {
    type: GraphQLString,
    args: { rooms: { type: new GraphQLNonNull(GraphQLInt) } },
    ...subscription({
      topics: ({ rooms }: { rooms: number }) => numbered(rooms),
      resolve: ({ text }) => text,
    }),
  },
  joining: {
    type: GraphQLString,
    ...subscription({
      topics: () => [room({ room: "lobby" })],
      resolveFor: async ({ text }, _args, { operation }) => {
        await operation.join(...numbered(Number(text)));
        return text;
      },
    }),
  },
};

const overLimit = (limit: string, maximum: number, text: string) => [
  { message: text, locations: undefined, extensions: { code: "LIMIT_EXCEEDED", limit, maximum } },
];

describe("The topics of an operation", () => {
  it("are 1,000 at most, PROTOCOL 6.3", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(fields), log: silentLog });
    await using client = await connected(fanfare);
    await client.subscribe("subscription { many(rooms: 1000) }");
    const refused = client.start("subscription { many(rooms: 1001) }");
    expect(await client.receiveError(refused)).toEqual(
      overLimit("topics", 1_000, "The subscription is over the limit of topics of an operation: 1001, at most 1000."),
    );
  });

  it("have names of 1,024 characters at most", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(), log: silentLog });
    await using client = await connected(fanfare);
    const query = "subscription ($room: String!) { messageAdded(room: $room) { id } }";
    const longest = "x".repeat(1_024 - "room:".length);
    const id = await client.subscribe({ query, variables: { room: longest } });
    await fanfare.publish(room({ room: longest }), message("heard"));
    expect(await client.receiveNext(id)).toEqual({ data: { messageAdded: { id: "heard" } } });
    const refused = client.start({ query, variables: { room: `${longest}x` } });
    expect(await client.receiveError(refused)).toEqual(
      overLimit(
        "topicCharacters",
        1_024,
        "The subscription is over the limit of characters of a topic's name: 1025, at most 1024.",
      ),
    );
  });

  it("are bounded as well where it joins them while it runs", async () => {
    await using fanfare = createFanfare({ schema: chatSchema(fields), log: silentLog, limits: { topics: 3 } });
    await using client = await connected(fanfare);
    const id = await client.subscribe("subscription { joining }");
    await fanfare.publish(room({ room: "lobby" }), message("2"));
    expect(await client.receiveNext(id)).toEqual({ data: { joining: "2" } });
    await fanfare.publish(room({ room: "lobby" }), message("5"));
    expect(await client.receiveNext(id)).toMatchObject({
      errors: [{ extensions: { code: "LIMIT_EXCEEDED", limit: "topics", maximum: 3 } }],
    });
    await turns(4);
    await fanfare.publish(room({ room: "1" }), message("2"));
    expect(await client.receiveNext(id)).toEqual({ data: { joining: "2" } });
  });

  it("may be without number and of any length where the limits are off", async () => {
    const limits = { topics: Infinity, topicCharacters: Infinity };
    await using fanfare = createFanfare({ schema: chatSchema(fields), log: silentLog, limits });
    await using client = await connected(fanfare);
    await client.subscribe("subscription { many(rooms: 2000) }");
    await client.subscribe(`subscription { messageAdded(room: "${"x".repeat(5_000)}") { id } }`);
    await fanfare.publish(room({ room: "1999" }), message("heard"));
    expect(await client.receiveNext("1")).toEqual({ data: { many: "heard" } });
  });

  it.each([0, -1])("cannot be limited to %d", (topics) => {
    expect(() => createFanfare({ schema: chatSchema(), limits: { topics } })).toThrow(
      expect.objectContaining({
        code: "BAD_OPTION",
        message: `limits.topics is ${topics}; it must be a number above 0, or Infinity`,
      }),
    );
  });
});
