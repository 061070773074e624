import {
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLField,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
} from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, shareable, subscription } from "fanfare";
import { connected } from "./connected.ts";
import { Executions } from "./executions.ts";
import { NotingLog } from "./noting-log.ts";

interface Viewing {
  readonly viewer: string;
}

/** A schema of posts, with resolvers that a test replaces. */
class Stage implements AsyncDisposable {
  readonly log = new NotingLog();
  readonly post: GraphQLObjectType;
  readonly fanfare: ReturnType<typeof createFanfare<Viewing>>;
  readonly #root: GraphQLObjectType;

  constructor(text: GraphQLFieldConfig<unknown, unknown> = { type: GraphQLString }, declared = true) {
    this.post = new GraphQLObjectType({ name: "Post", fields: { text, other: { type: GraphQLString } } });
    const field = declared ? subscription({ topics: () => ["posts"] }) : {};
    this.#root = new GraphQLObjectType({ name: "Subscription", fields: { posts: { type: this.post, ...field } } });
    const query = new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } });
    const schema = new GraphQLSchema({ query, subscription: this.#root });
    this.fanfare = createFanfare<Viewing>({
      schema,
      triggers: {},
      log: this.log,
      onConnect: ({ viewer }) => ({ viewer }),
    });
  }

  get text(): GraphQLField<unknown, unknown> {
    return this.#field(this.post, "text");
  }

  get root(): GraphQLField<unknown, unknown> {
    return this.#field(this.#root, "posts");
  }

  async listener(viewer: string, query = "subscription { posts { text } }") {
    const client = await connected(this.fanfare, { viewer });
    await client.subscribe(query);
    return client;
  }

  /** The texts that clients get of one event. */
  async texts(clients: readonly Awaited<ReturnType<Stage["listener"]>>[]): Promise<readonly unknown[]> {
    await this.fanfare.publish("posts", { text: "y", posts: { text: "y" } });
    return Promise.all(
      clients.map(async (client) => {
        const result = await client.receiveNext("1");
        return JSON.parse(JSON.stringify(result)).data.posts.text;
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.fanfare[Symbol.asyncDispose]();
  }

  #field(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> {
    const field = type.getFields()[name];
    if (!field) throw new TypeError(`There is no ${name}`);
    return field;
  }
}

const viewerOf = (context: unknown): string => String(Reflect.get(Object(context), "viewer"));

const guarded: GraphQLFieldResolver<unknown, unknown> = (source, _args, context) =>
  `${String(Reflect.get(Object(source), "text"))} for ${viewerOf(context)}`;

const replacements = [
  { what: "a field's resolver", replace: (stage: Stage) => (stage.text.resolve = guarded) },
  {
    what: "the root field's resolver",
    replace: (stage: Stage) => {
      stage.root.resolve = (source, _args, context) => ({
        text: guarded(Object(source).posts ?? source, {}, context, info),
      });
    },
  },
  {
    what: "isTypeOf",
    replace: (stage: Stage) => {
      stage.post.isTypeOf = (_value, context) => viewerOf(context) !== "nobody";
      stage.text.resolve = guarded;
    },
  },
];
const info: Parameters<typeof guarded>[3] = Object.create(null);

describe.each([true, false])("When a resolver is replaced and the field is declared: %s", (declared) => {
  it.each(replacements)(
    "$what counts from the next event on, for those who were there and who come",
    async ({ replace }) => {
      await using stage = new Stage(undefined, declared);
      const clients = [await stage.listener("ann"), await stage.listener("bob")];
      expect(await stage.texts(clients)).toEqual(["y", "y"]);
      replace(stage);
      expect(await stage.texts(clients)).toEqual(["y for ann", "y for bob"]);
      clients.push(
        await stage.listener("cy"),
        await stage.listener("dee", "subscription { posts { text __typename } }"),
      );
      expect(await stage.texts(clients)).toEqual(["y for ann", "y for bob", "y for cy", "y for dee"]);
      expect(stage.log.messages).toEqual([expect.stringContaining("A resolver was replaced")]);
    },
  );
});

describe("A shareable resolver that takes another's place", () => {
  it("is that of every document from then on, and is shared by those who come", async () => {
    await using stage = new Stage({ type: GraphQLString, resolve: shareable(() => "first") });
    const clients = [await stage.listener("ann")];
    expect(await stage.texts(clients)).toEqual(["first"]);
    stage.text.resolve = shareable(() => "second");
    clients.push(await stage.listener("bob"), await stage.listener("cy"));
    clients.push(await stage.listener("dee", "subscription { posts { text other } }"));
    expect(await stage.texts(clients)).toEqual(["second", "second", "second", "second"]);
    using executed = new Executions();
    expect(await stage.texts(clients)).toEqual(["second", "second", "second", "second"]);
    expect(executed.all.map(({ members }) => members).toSorted((a, b) => a - b)).toEqual([1, 1, 2]);
  });
});

describe("The `rootValue` of resolvers' info", () => {
  it.each([true, false])("is the event, where the field is declared: %s", async (declared) => {
    const roots: unknown[] = [];
    const noting: GraphQLFieldResolver<unknown, unknown> = (_source, _args, context, { rootValue }) => {
      roots.push(rootValue);
      return viewerOf(context);
    };
    await using stage = new Stage({ type: GraphQLString, resolve: noting }, declared);
    const event = { text: "y", posts: { text: "y" } };
    expect(await stage.texts([await stage.listener("ann")])).toEqual(["ann"]);
    expect(roots).toEqual([event]);
  });
});
