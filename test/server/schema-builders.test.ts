import SchemaBuilder from "@pothos/core";
import { makeExecutableSchema } from "@graphql-tools/schema";
import { MapperKind, mapSchema } from "@graphql-tools/utils";
import { defaultFieldResolver, GraphQLError, lexicographicSortSchema, type GraphQLSchema } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, SKIP, type Fanfare } from "fanfare";
import { turns } from "fanfare/testing";
import { message, room, tools, type Message } from "./chat.ts";
import { connected } from "./connected.ts";

const { subscription } = tools;
const lobby = room({ room: "lobby" });

/** The same subscription field in every schema, and how often its own functions were called. */
function messageAdded() {
  const calls = { filter: 0, resolve: 0, onUnsubscribe: 0 };
  const field = subscription({
    topics: ({ room: name }: { room: string }) => [room({ room: name })],
    filter: ({ text }) => {
      calls.filter += 1;
      return text !== "quiet";
    },
    resolve: (event) => {
      calls.resolve += 1;
      return event;
    },
    onUnsubscribe: () => {
      calls.onUnsubscribe += 1;
    },
  });
  return { calls, field };
}

function fromTypeDefs(field: ReturnType<typeof messageAdded>["field"]): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: `
      type Query { hi: String }
      type Message { id: ID! text: String }
      type Subscription { messageAdded(room: String!): Message }
    `,
    resolvers: { Query: { hi: () => "hello" }, Subscription: { messageAdded: field } },
  });
}

function fromPothos(field: ReturnType<typeof messageAdded>["field"]): GraphQLSchema {
  const builder = new SchemaBuilder<{ Context: { user?: string } }>({});
  const MessageRef = builder.objectRef<Message>("Message").implement({
    fields: (t) => ({ id: t.exposeID("id"), text: t.exposeString("text", { nullable: true }) }),
  });
  builder.queryType({ fields: (t) => ({ hi: t.string({ resolve: () => "hello" }) }) });
  builder.subscriptionType({
    fields: (t) => ({
      messageAdded: t.field({
        type: MessageRef,
        nullable: true,
        args: { room: t.arg.string({ required: true }) },
        ...field,
      }),
    }),
  });
  return builder.toSchema();
}

const query = `subscription { messageAdded(room: "lobby") { id text } }`;

/** Two clients with the same question, the answers to what is published, and nothing else. */
async function heard(fanfare: Fanfare, ...texts: readonly string[]): Promise<unknown> {
  await using ada = await connected(fanfare, { user: "ada" });
  await using bob = await connected(fanfare, { user: "bob" });
  const first = await ada.subscribe(query);
  const second = await bob.subscribe(query);
  for (const text of texts) await fanfare.publish(lobby, message(text));
  const results = [await ada.receiveNext(first), await bob.receiveNext(second)];
  await ada.assertNoMessages();
  await bob.assertNoMessages();
  return results;
}

const one = { data: { messageAdded: { id: "one", text: "one" } } };

describe.each([
  ["makeExecutableSchema", fromTypeDefs],
  ["makeExecutableSchema and lexicographicSortSchema", (field) => lexicographicSortSchema(fromTypeDefs(field))],
  ["Pothos", fromPothos],
] satisfies [string, typeof fromTypeDefs][])("A declared field in a schema of %s", (_builder, build) => {
  it("is a declared field there: filtered, resolved and shared once for everybody", async () => {
    const { calls, field } = messageAdded();
    await using fanfare = createFanfare({ schema: build(field), log: silentLog });
    expect(await heard(fanfare, "quiet", "one")).toEqual([one, one]);
    expect(calls).toEqual({ filter: 2, resolve: 1, onUnsubscribe: 2 });
  });

  it("is executed for each session with middleware around every resolver, in the middleware's order", async () => {
    const { calls, field } = messageAdded();
    const said: string[] = [];
    const wrap = (name: string, schema: GraphQLSchema): GraphQLSchema =>
      mapSchema(schema, {
        [MapperKind.OBJECT_FIELD]: (config) => {
          const { resolve = defaultFieldResolver } = config;
          config.resolve = async (source, args, context: { user?: string }, info) => {
            said.push(`${name} ${context.user} ${info.fieldName}`);
            const value: unknown = await resolve(source, args, context, info);
            return typeof value === "string" ? `${value}, ${name} of ${context.user}` : value;
          };
          return config;
        },
      });
    const schema = wrap("outer", wrap("inner", build(field)));
    await using fanfare = createFanfare({ schema, log: silentLog, onConnect: ({ user }) => ({ user }) });
    const words = ["ada", "bob"].map((user) => `one, inner of ${user}, outer of ${user}`);
    expect(await heard(fanfare, "quiet", "one")).toEqual(
      words.map((text) => ({ data: { messageAdded: { id: text, text } } })),
    );
    expect(calls).toEqual({ filter: 4, resolve: 2, onUnsubscribe: 2 });
    // On a busy machine either may be the first.
    const [first = ""] = said;
    const user = first.includes("ada") ? "ada" : "bob";
    expect(said.slice(0, 2)).toEqual([`outer ${user} messageAdded`, `inner ${user} messageAdded`]);
    expect(said).toHaveLength(12);
  });

  it("keeps what was wrapped around its `subscribe`, such as a guard", async () => {
    const { calls, field } = messageAdded();
    const guarded = mapSchema(build(field), {
      [MapperKind.SUBSCRIPTION_ROOT_FIELD]: (config) => {
        const { subscribe } = config;
        config.subscribe = (source, args, context: { user?: string }, info) => {
          if (context.user === "eve") throw new GraphQLError("Not for you");
          return subscribe?.(source, args, context, info);
        };
        return config;
      },
    });
    await using fanfare = createFanfare({ schema: guarded, log: silentLog, onConnect: ({ user }) => ({ user }) });
    await using eve = await connected(fanfare, { user: "eve" });
    expect(await eve.receiveError(eve.start(query))).toMatchObject([{ message: "Not for you" }]);
    expect(await heard(fanfare, "quiet", "one")).toEqual([one, one]);
    await turns(3);
    expect(calls).toEqual({ filter: 4, resolve: 2, onUnsubscribe: 2 });
    await eve.assertNoMessages();
  });

  it("has its SKIP carried through middleware", async () => {
    const skipping = subscription({
      topics: (_args: { room: string }) => [lobby],
      resolve: async (event) => (event.text === "quiet" ? SKIP : event),
    });
    const wrapped = mapSchema(build(skipping), {
      [MapperKind.OBJECT_FIELD]: (config) => {
        const { resolve = defaultFieldResolver } = config;
        config.resolve = async (source, args, context, info) => resolve(source, args, context, info);
        return config;
      },
    });
    await using fanfare = createFanfare({ schema: wrapped, log: silentLog });
    expect(await heard(fanfare, "quiet", "one")).toEqual([one, one]);
  });
});
