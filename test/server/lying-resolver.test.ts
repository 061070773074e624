import {
  GraphQLInterfaceType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLFieldConfig,
  type GraphQLResolveInfo,
} from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, shareable, subscription, type Fanfare, type FanfareOptions } from "fanfare";
import { turns, type TestClient } from "fanfare/testing";
import { connected } from "./connected.ts";
import { Executions } from "./executions.ts";
import { NotingLog } from "./noting-log.ts";

interface Viewing {
  readonly viewer: string;
}

interface Post {
  readonly text: string;
}

type Resolve = (post: Post, args: object, context: Viewing, info: GraphQLResolveInfo) => unknown;

const Named = new GraphQLInterfaceType({ name: "Named", fields: { text: { type: GraphQLString } } });

/** A schema of posts whose field `lie` is declared shareable. */
function schemaWith(lie: Resolve, more: object = {}): GraphQLSchema {
  const config: GraphQLFieldConfig<Post, Viewing> = { type: GraphQLString, resolve: shareable(lie) };
  const Post: GraphQLObjectType = new GraphQLObjectType<Post, Viewing>({
    name: "Post",
    interfaces: [Named],
    fields: () => ({ text: { type: new GraphQLNonNull(GraphQLString) }, lie: config, other: { type: Post } }),
    ...more,
  });
  const posted = { type: Post, ...subscription({ topics: () => ["posts"], onUnsubscribe: () => undefined }) };
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { posted } }),
  });
}

function serverWith(schema: GraphQLSchema, log: NotingLog, options: Partial<FanfareOptions<Viewing>> = {}) {
  return createFanfare<Viewing>({ schema, log, onConnect: ({ viewer }) => ({ viewer }), ...options });
}

async function listener(fanfare: Fanfare<Viewing>, viewer: string, query: string): Promise<TestClient> {
  const client = await connected(fanfare, { viewer });
  await client.subscribe(query);
  return client;
}

/** What the operator was told about sharing. */
function remarks(log: NotingLog): NotingLog["entries"] {
  return log.entries.filter(({ message }) => message.includes("no longer shared"));
}

const lying = "subscription { posted { text lie } }";
const honest = "subscription { posted { text } }";

const soon = () => new Promise((resolve) => setImmediate(resolve));
const viewerOf = ({ viewer }: Viewing) => viewer;
const unlessCaught = (look: () => string) => {
  try {
    return look();
  } catch {
    return "nobody";
  }
};

describe("A resolver that is declared shareable, and looks at the viewer all the same, is caught", () => {
  it.each<{ how: string; lie: Resolve }>([
    { how: "when it reads the context", lie: (_post, _args, context) => context.viewer },
    { how: "when it takes the context apart", lie: (_post, _args, { viewer }) => viewer },
    {
      how: "when it takes the rest of the context",
      lie: (_post, _args, context) => {
        const { ...rest } = context;
        return rest.viewer;
      },
    },
    {
      how: "when it looks whether something is there",
      lie: (_post, _args, context) => `${viewerOf(context) in context}`,
    },
    {
      how: "when it lists the keys",
      lie: (_post, _args, context) => Object.keys(context).map(() => context.viewer)[0],
    },
    { how: "when it lists the entries", lie: (_post, _args, context) => JSON.stringify(Object.entries(context)[1]) },
    {
      how: "when it lists by a loop",
      lie: (_post, _args, context) => {
        const found: string[] = [];
        for (const key in context) if (key === "viewer") found.push(context.viewer);
        return found.join();
      },
    },
    {
      how: "when it writes the context as JSON",
      lie: (_post, _args, { ...context }) => JSON.stringify([context.viewer]),
    },
    { how: "when it copies the context", lie: (_post, _args, context) => ({ ...context }).viewer },
    {
      how: "when it looks at a property's description",
      lie: (_post, _args, context) => String(Object.getOwnPropertyDescriptor(context, "viewer")?.value),
    },
    {
      how: "when it asks whether the context has a property",
      lie: (_post, _args, context) => `${Object.hasOwn(context, "viewer")} ${context.viewer}`,
    },
    {
      how: "when it asks for the prototype",
      lie: (_post, _args, context) => `${Object.getPrototypeOf(context) === Object.prototype} ${context.viewer}`,
    },
    {
      how: "when it asks for the class",
      lie: (_post, _args, context) => `${context instanceof Map} ${context.viewer}`,
    },
    {
      how: "when it takes the context for a text",
      lie: (_post, _args, context) => `${Object.prototype.toString.call(context)} ${context.viewer}`,
    },
    {
      how: "when it writes to the context",
      lie: (_post, _args, context) => Object.assign(context, { seen: context.viewer }).seen,
    },
    { how: "when it is an async function", lie: async (_post, _args, context) => context.viewer },
    {
      how: "when it looks late",
      lie: async (_post, _args, context) => {
        await soon();
        await soon();
        return context.viewer;
      },
    },
    {
      how: "when it awaits the context",
      lie: async (_post, _args, context) => (await Promise.resolve(context)).viewer,
    },
    { how: "when it swallows the error", lie: (_post, _args, context) => unlessCaught(() => context.viewer) },
    {
      how: "when it swallows the error of looking whether something is there",
      lie: (_post, _args, context) => unlessCaught(() => ("viewer" in context ? context.viewer : "nobody")),
    },
    {
      how: "when it swallows the error of listing the keys",
      lie: (_post, _args, context) => unlessCaught(() => Object.keys(context).toSorted().join()),
    },
    {
      how: "when it swallows the error of writing JSON",
      lie: (_post, _args, context) => unlessCaught(() => JSON.stringify({ ...context, operation: 0 })),
    },
    {
      how: "when it swallows the error late",
      lie: async (_post, _args, context) => {
        await soon();
        return unlessCaught(() => context.viewer);
      },
    },
    {
      how: "when it hides the error in a promise",
      lie: (_post, _args, context) =>
        soon()
          .then(() => context.viewer)
          .catch(() => "nobody"),
    },
    {
      how: "when it looks through a function that it was not handed to at first",
      lie: (_post, _args, context) =>
        Promise.all([context].map(async (each) => soon().then(() => viewerOf(each)))).then(String),
    },
    {
      how: "when it takes its time only because of it",
      lie: (_post, _args, context) => {
        const viewer = unlessCaught(() => context.viewer);
        return viewer === "nobody" ? soon().then(() => viewer) : viewer;
      },
    },
    {
      how: "when it throws something else because of it",
      lie: (_post, _args, context) => {
        if (unlessCaught(() => context.viewer) !== "ann") throw new TypeError("Only for Ann");
        return "for Ann";
      },
    },
  ])("$how", async ({ lie }) => {
    const log = new NotingLog();
    using executed = new Executions();
    await using fanfare = serverWith(schemaWith(lie), log, { formatError: ({ message }) => ({ message }) });
    const ann = await listener(fanfare, "ann", lying);
    const bob = await listener(fanfare, "bob", lying);
    const others = [await listener(fanfare, "ann", honest), await listener(fanfare, "bob", honest)];

    for (const text of ["one", "two", "three"]) void fanfare.publish("posts", { text });
    await fanfare.end("posts");

    for (const [client, viewer] of [
      [ann, "ann"],
      [bob, "bob"],
    ] as const) {
      for (const text of ["one", "two", "three"]) {
        const right = await answer(lie, text, viewer);
        expect(await client.receiveNext("1")).toEqual(right);
      }
      await client.receiveComplete("1");
    }
    for (const client of others) {
      for (const text of ["one", "two", "three"]) {
        expect(await client.receiveNext("1")).toEqual({ data: { posted: { text } } });
      }
      await client.receiveComplete("1");
    }

    expect(remarks(log)).toMatchObject([
      {
        level: "error",
        details: { field: "Subscription.posted", oneOf: ["Post.lie"], error: { code: "SHARING_BROKEN" } },
      },
    ]);
    expect(executed.all.filter(({ outcome }) => outcome === "private")).toHaveLength(1);
    expect(executed.shared).toHaveLength(3);
  });
});

/** What one viewer is to be told about a post. */
async function answer(lie: Resolve, text: string, viewer: string): Promise<object> {
  const context = { operation: { id: "1" }, viewer };
  // `info` is nothing that these lies look at.
  const info: GraphQLResolveInfo = Object.create(null);
  try {
    return { data: { posted: { text, lie: await lie({ text }, {}, context, info) } } };
  } catch (error) {
    return {
      errors: [{ message: error instanceof Error ? error.message : "" }],
      data: { posted: { text, lie: null } },
    };
  }
}

const telling: Resolve = (post, _args, context) => `${post.text} for ${context.viewer}`;
const told = (text: string, viewer: string) => ({ data: { posted: { text, lie: `${text} for ${viewer}` } } });

const contextOfRequest: FanfareOptions<Viewing>["context"] = ({ request }) => ({
  viewer: `${String(request.extensions?.["token"])}:${String(request.variables?.["name"])}`,
});

describe("A document with such a field", () => {
  it("is remembered: whoever asks it later shares with nobody, and nobody is caught again", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith(schemaWith(telling), log);
    const ann = await listener(fanfare, "ann", lying);
    await fanfare.publish("posts", { text: "one" });
    await ann.receiveNext("1");
    using executed = new Executions();
    const bob = await listener(fanfare, "bob", lying);
    const cy = await listener(fanfare, "cy", "subscription {\n  posted { text, lie }\n}");
    await fanfare.publish("posts", { text: "two" });
    expect(await bob.receiveNext("1")).toEqual(told("two", "bob"));
    expect(await cy.receiveNext("1")).toEqual(told("two", "cy"));
    expect(executed.all.map(({ outcome, members }) => [outcome, members])).toEqual([
      ["delivered", 1],
      ["delivered", 1],
      ["delivered", 1],
    ]);
    expect(remarks(log)).toHaveLength(1);
  });

  it("is shared again only with those for whom `shareBy` vouches", async () => {
    await using fanfare = serverWith(schemaWith(telling), new NotingLog(), { shareBy: ({ viewer }) => viewer });
    const dee = await listener(fanfare, "dee", lying);
    await fanfare.publish("posts", { text: "one" });
    await dee.receiveNext("1");
    using executed = new Executions();
    const clients: [TestClient, string][] = [];
    for (const viewer of ["ann", "bob", "ann"]) clients.push([await listener(fanfare, viewer, lying), viewer]);
    await fanfare.publish("posts", { text: "two" });
    for (const [client, viewer] of clients) expect(await client.receiveNext("1")).toEqual(told("two", viewer));
    expect(executed.all.map(({ members }) => members).toSorted((left, right) => left - right)).toEqual([1, 1, 2]);
  });

  it("goes on for those who were there, also when some of them leave", async () => {
    await using fanfare = serverWith(schemaWith(telling), new NotingLog());
    const ann = await listener(fanfare, "ann", lying);
    const bob = await listener(fanfare, "bob", lying);
    await fanfare.publish("posts", { text: "one" });
    expect(await ann.receiveNext("1")).toEqual(told("one", "ann"));
    expect(await bob.receiveNext("1")).toEqual(told("one", "bob"));
    ann.complete("1");
    await fanfare.publish("posts", { text: "two" });
    expect(await bob.receiveNext("1")).toEqual(told("two", "bob"));
    await ann.assertNoMessages();
  });

  it("is executed with what each client sent itself", async () => {
    const schema = schemaWith(telling);
    await using fanfare = serverWith(schema, new NotingLog(), { context: contextOfRequest });
    const clients = new Map<string, TestClient>();
    for (const token of ["a", "b"]) {
      const client = await connected(fanfare);
      await client.subscribe({ query: lying, variables: { name: token.toUpperCase() }, extensions: { token } });
      clients.set(token, client);
    }
    await fanfare.publish("posts", { text: "one" });
    await fanfare.publish("posts", { text: "two" });
    for (const text of ["one", "two"]) {
      expect(await clients.get("a")?.receiveNext("1")).toEqual(told(text, "a:A"));
      expect(await clients.get("b")?.receiveNext("1")).toEqual(told(text, "b:B"));
    }
  });
});

const right = (text: string) => ({ data: { posted: { text, lie: text } } });
const lookingSoon: Resolve = ({ text }, _args, context) => {
  setImmediate(() => context.viewer.toUpperCase());
  return text;
};

describe("A resolver that looks at the viewer when its result is delivered is caught from then on", () => {
  it.each<{ how: string; look: (context: Viewing) => void }>([
    { how: "in a timer", look: (context) => void setImmediate(() => context.viewer.toUpperCase()) },
    {
      how: "in a detached async function",
      look: (context) =>
        void (async () => {
          await soon();
          return context.viewer.toUpperCase();
        })(),
    },
    { how: "in a detached promise", look: (context) => void soon().then(() => Object.keys(context).toSorted()) },
  ])("$how, and ends no process", async ({ look }) => {
    const log = new NotingLog();
    // An unhandled error would fail this run.
    const lie: Resolve = async ({ text }, _args, context) => {
      look(context);
      return text;
    };
    await using fanfare = serverWith(schemaWith(lie), log);
    const clients = [await listener(fanfare, "ann", lying), await listener(fanfare, "bob", lying)];
    await fanfare.publish("posts", { text: "one" });
    for (const client of clients) expect(await client.receiveNext("1")).toEqual(right("one"));
    while (remarks(log).length === 0) await soon();
    using executed = new Executions();
    await fanfare.publish("posts", { text: "two" });
    for (const client of clients) expect(await client.receiveNext("1")).toEqual(right("two"));
    expect(executed.all.map(({ members }) => members)).toEqual([1, 1]);
    expect(remarks(log)).toHaveLength(1);
  });

  it("also after results that were written without graphql-js, with the event that follows", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith(schemaWith(lookingSoon), log);
    const ann = await listener(fanfare, "ann", lying);
    const bob = await listener(fanfare, "bob", lying);
    for (const text of ["one", "two", "three"]) {
      await fanfare.publish("posts", { text });
      for (const client of [ann, bob]) {
        expect(await client.receiveNext("1")).toEqual(right(text));
      }
      await soon();
      await soon();
    }
    expect(remarks(log)).toHaveLength(1);
  });

  it("with what still has no result: it is executed for each, in order", async () => {
    const log = new NotingLog();
    const gate = Promise.withResolvers<void>();
    const lie: Resolve = async (post, _args, context) => {
      if (post.text !== "one") await gate.promise;
      else setImmediate(() => context.viewer);
      return post.text === "one" ? "one" : `${post.text} for ${context.viewer}`;
    };
    await using fanfare = serverWith(schemaWith(lie), log);
    const ann = await listener(fanfare, "ann", lying);
    const bob = await listener(fanfare, "bob", lying);
    for (const text of ["one", "two", "three"]) void fanfare.publish("posts", { text });
    while (remarks(log).length === 0) await soon();
    gate.resolve();
    await fanfare.publish("posts", { text: "four" });
    for (const [client, viewer] of [
      [ann, "ann"],
      [bob, "bob"],
    ] as const) {
      expect(await client.receiveNext("1")).toEqual({ data: { posted: { text: "one", lie: "one" } } });
      for (const text of ["two", "three", "four"]) expect(await client.receiveNext("1")).toEqual(told(text, viewer));
    }
    expect(remarks(log)).toHaveLength(1);
  });
});

const noContext = () => {
  throw new TypeError("No greeting");
};

describe("The guard", () => {
  it("takes a function on an event for one that looks at the viewer", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith(
      schemaWith(() => "true"),
      log,
    );
    const ann = await listener(fanfare, "ann", honest);
    const bob = await listener(fanfare, "bob", honest);
    await fanfare.publish("posts", { text: (_args: object, { viewer }: Viewing) => `for ${viewer}` });
    expect(await ann.receiveNext("1")).toEqual({ data: { posted: { text: "for ann" } } });
    expect(await bob.receiveNext("1")).toEqual({ data: { posted: { text: "for bob" } } });
    expect(remarks(log)).toMatchObject([{ details: { error: { message: expect.stringContaining("Post.text") } } }]);
  });

  it("watches the judgement of types that are declared shareable", async () => {
    const log = new NotingLog();
    const schema = schemaWith(() => "true", {
      isTypeOf: (_post: Post, { viewer }: Viewing) => viewer === "ann",
      extensions: { fanfare: { shareable: true } },
    });
    await using fanfare = serverWith(schema, log, { formatError: ({ message }) => ({ message }) });
    const ann = await listener(fanfare, "ann", honest);
    const bob = await listener(fanfare, "bob", honest);
    await fanfare.publish("posts", { text: "one" });
    expect(await ann.receiveNext("1")).toEqual({ data: { posted: { text: "one" } } });
    expect(await bob.receiveNext("1")).toMatchObject({ errors: [{}], data: { posted: null } });
    expect(remarks(log)).toHaveLength(1);
  });

  it("lets a resolver look at its info, which is the same for all who share", async () => {
    const log = new NotingLog();
    using executed = new Executions();
    const schema = schemaWith((_post, _args, _context, info) => `${info.parentType.name}.${info.fieldName}`);
    await using fanfare = serverWith(schema, log);
    const ann = await listener(fanfare, "ann", lying);
    const bob = await listener(fanfare, "bob", lying);
    for (const text of ["one", "two"]) await fanfare.publish("posts", { text });
    for (const client of [ann, bob]) {
      for (const text of ["one", "two"]) {
        expect(await client.receiveNext("1")).toEqual({ data: { posted: { text, lie: "Post.lie" } } });
      }
    }
    expect(executed.all.map(({ members, outcome }) => [members, outcome])).toEqual([
      [2, "delivered"],
      [2, "delivered"],
    ]);
    expect(log.messages).toEqual([]);
  });

  it("lets a resolver use what `sharedContext` gives, and nothing else", async () => {
    const log = new NotingLog();
    using executed = new Executions();
    const schema = schemaWith((post, _args, context) => `${post.text} ${String(Reflect.get(context, "greeting"))}`);
    await using fanfare = serverWith(schema, log, { sharedContext: () => ({ greeting: "to all" }) });
    const ann = await listener(fanfare, "ann", lying);
    const bob = await listener(fanfare, "bob", lying);
    await fanfare.publish("posts", { text: "one" });
    for (const client of [ann, bob]) {
      expect(await client.receiveNext("1")).toEqual({ data: { posted: { text: "one", lie: "one to all" } } });
    }
    expect(executed.all).toMatchObject([{ members: 2, outcome: "delivered" }]);
    expect(log.messages).toEqual([]);
  });

  it("stays one operation's trouble when `sharedContext` throws", async () => {
    const log = new NotingLog();
    await using fanfare = serverWith(
      schemaWith(async ({ text }) => text),
      log,
      { sharedContext: noContext },
    );
    const ann = await listener(fanfare, "ann", lying);
    const bob = await listener(fanfare, "bob", honest);
    await fanfare.publish("posts", { text: "one" });
    expect(await ann.receiveNext("1")).toMatchObject({ errors: [{}], data: null });
    expect(await bob.receiveNext("1")).toEqual({ data: { posted: { text: "one" } } });
    await turns(2);
  });
});
