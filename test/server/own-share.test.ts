import { GraphQLObjectType, GraphQLSchema, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, subscription, type Fanfare, type FanfareOptions } from "fanfare";
import type { TestClient } from "fanfare/testing";
import { connected } from "./connected.ts";
import { NotingLog } from "./noting-log.ts";

interface Viewing {
  readonly viewer: string;
}

interface Post {
  readonly text: string;
}

function serverWith(schema: GraphQLSchema, log: NotingLog, options: Partial<FanfareOptions<Viewing>> = {}) {
  return createFanfare<Viewing>({ schema, log, onConnect: ({ viewer }) => ({ viewer }), ...options });
}

async function listener(fanfare: Fanfare<Viewing>, viewer: string, query: string): Promise<TestClient> {
  const client = await connected(fanfare, { viewer });
  await client.subscribe(query);
  return client;
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

/** A schema of texts that are posted, with a field that is declared or left to a trigger. */
function textsWith(field: Pick<GraphQLFieldConfig<unknown, Viewing>, "subscribe" | "resolve">): GraphQLSchema {
  const args = { about: { type: GraphQLString } };
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: { posted: { type: GraphQLString, args, ...field } },
    }),
  });
}

const ofText = "subscription { posted }";

const isFor = (event: unknown, context: unknown) => {
  const viewer: unknown = Reflect.get(Object(context), "viewer");
  return Reflect.get(Object(event), "for") === viewer;
};

const swallowed = (look: () => boolean) => {
  try {
    return look();
  } catch {
    return false;
  }
};

describe("A trigger's filter", () => {
  it.each<{ how: string; triggers: NonNullable<FanfareOptions["triggers"]>; caught: number }>([
    {
      how: "by its second parameter",
      triggers: { posted: () => ({ posts: { filter: isFor } }) },
      caught: 0,
    },
    {
      how: "of the operation, read in time",
      triggers: { posted: (_args, { context }) => ({ posts: { filter: (event) => isFor(event, context) } }) },
      caught: 0,
    },
    {
      how: "of the operation, read late",
      triggers: { posted: (_args, details) => ({ posts: { filter: (event) => isFor(event, details.context) } }) },
      caught: 1,
    },
    {
      how: "of the operation, read very late",
      triggers: {
        posted: (_args, details) => ({
          posts: {
            filter: async (event) => {
              await soon();
              return isFor(event, details.context);
            },
          },
        }),
      },
      caught: 1,
    },
    {
      how: "of the operation, and hides that it was refused",
      triggers: {
        posted: (_args, details) => ({
          posts: { filter: (event) => swallowed(() => isFor(event, details.context)) },
        }),
      },
      caught: 1,
    },
  ])("decides by the context of its own client: $how", async ({ triggers, caught }) => {
    const log = new NotingLog();
    await using fanfare = serverWith(textsWith({}), log, { triggers });
    const ann = await listener(fanfare, "ann", ofText);
    const bob = await listener(fanfare, "bob", ofText);
    for (const viewer of ["bob", "ann", "bob"]) void fanfare.publish("posts", { for: viewer, posted: `for ${viewer}` });
    await fanfare.end("posts");
    expect(await ann.receiveNext("1")).toEqual({ data: { posted: "for ann" } });
    await ann.receiveComplete("1");
    for (let count = 0; count < 2; count += 1) {
      expect(await bob.receiveNext("1")).toEqual({ data: { posted: "for bob" } });
    }
    await bob.receiveComplete("1");
    expect(log.messages.filter((message) => message.includes("no longer shared"))).toHaveLength(caught);
  });

  it("hides a topic that the trigger names no longer when it is asked again", async () => {
    const log = new NotingLog();
    const answers = [{ posts: { filter: () => true } }, {}];
    const triggers: NonNullable<FanfareOptions["triggers"]> = {
      posted: (_args, details) => ({
        ...(answers.shift() && { posts: { filter: () => swallowed(() => isFor({ for: "ann" }, details.context)) } }),
      }),
    };
    await using fanfare = serverWith(textsWith({}), log, { triggers });
    const ann = await listener(fanfare, "ann", ofText);
    answers.length = 0;
    await fanfare.publish("posts", { posted: "for ann" });
    await ann.assertNoMessages();
    expect(log.messages).toContainEqual(expect.stringContaining("no longer shared"));
  });
});

const meddlingTopics = (args: { about?: string }, { viewer }: Viewing) => {
  args.about = viewer;
  return ["posts"];
};

describe("The arguments of a field", () => {
  it("cannot be changed, since those who ask the same are handed the same", async () => {
    const schema = textsWith(subscription({ topics: meddlingTopics, resolve: (_event, { about }) => about }));
    await using fanfare = serverWith(schema, new NotingLog(), { formatError: ({ message }) => ({ message }) });
    for (const viewer of ["ann", "bob"]) {
      const client = await listener(fanfare, viewer, ofText);
      expect(await client.receiveError("1")).toMatchObject([{ message: expect.stringContaining("about") }]);
    }
  });

  it("are each client's own where the field has a source of its own", async () => {
    const seen: unknown[] = [];
    async function* subscribe(_root: unknown, args: { about?: string[] | string }) {
      seen.push({ ...args });
      args.about = "changed";
      yield { posted: "text" };
    }
    await using fanfare = serverWith(textsWith({ subscribe }), new NotingLog());
    for (const viewer of ["ann", "bob"]) {
      const client = await listener(fanfare, viewer, 'subscription { posted(about: "it") }');
      await client.receiveNext("1");
    }
    expect(seen).toEqual([{ about: "it" }, { about: "it" }]);
  });
});

describe("Clients share nothing", () => {
  it("when the conditions of their `match` differ, wherever they came from", async () => {
    let wanted = "";
    const match = () => ({ text: wanted });
    const schema = textsWith(subscription({ topics: () => ["posts"], match, resolve: ({ text }: Post) => text }));
    await using fanfare = serverWith(schema, new NotingLog());
    const clients: [TestClient, string][] = [];
    for (const text of ["one", "two"]) {
      wanted = text;
      clients.push([await listener(fanfare, "ann", ofText), text]);
    }
    for (const text of ["one", "two"]) await fanfare.publish("posts", { text });
    for (const [client, text] of clients) {
      expect(await client.receiveNext("1")).toEqual({ data: { posted: text } });
      await client.assertNoMessages();
    }
  });

  it("of the extensions they sent, not even with `formatResponse`", async () => {
    const seen: unknown[] = [];
    const schema = textsWith(subscription({ topics: () => ["posts"], resolve: ({ text }: Post) => text }));
    await using fanfare = serverWith(schema, new NotingLog(), {
      formatResponse: (result, request) => {
        seen.push(request.extensions);
        return result;
      },
    });
    for (const token of ["a", "b"]) {
      const client = await connected(fanfare, { viewer: "ann" });
      await client.subscribe({ query: ofText, extensions: { token } });
    }
    await fanfare.publish("posts", { text: "one" });
    expect(seen).toEqual([undefined]);
  });
});

describe("Whatever is thrown, and wherever, it stays one operation's trouble", () => {
  const strange: readonly { what: string; thrown: unknown }[] = [
    { what: "an object without a text", thrown: Object.create(null) },
    { what: "nothing", thrown: undefined },
    { what: "a symbol", thrown: Symbol("strange") },
  ];

  it.each(strange)("$what, as a context", async ({ thrown }) => {
    let broken = false;
    const schema = textsWith(subscription({ topics: () => ["posts"], resolveFor: ({ text }: Post) => text }));
    await using fanfare = serverWith(schema, new NotingLog(), {
      context: async ({ connection }) => {
        if (broken && connection.params?.["viewer"] === "ann") throw thrown;
        return { viewer: "somebody" };
      },
    });
    const ann = await listener(fanfare, "ann", ofText);
    const bob = await listener(fanfare, "bob", ofText);
    broken = true;
    await fanfare.publish("posts", { text: "one" });
    expect(await ann.receiveNext("1")).toMatchObject({ errors: [{}], data: null });
    expect(await bob.receiveNext("1")).toEqual({ data: { posted: "one" } });
    const cy = await listener(fanfare, "ann", ofText);
    expect(await cy.receiveError("1")).toMatchObject([{ message: "Internal server error" }]);
  });

  it.each(strange)("$what, as a value that is asked whether it is a promise", async ({ thrown }) => {
    const hostile = () => {
      throw thrown;
    };
    const asked = () => new Proxy({}, { get: hostile });
    const resolve = ({ text }: Post) => (text === "two" ? asked() : text);
    const schema = textsWith(subscription({ topics: () => ["posts"], resolve }));
    await using fanfare = serverWith(schema, new NotingLog());
    const ann = await listener(fanfare, "ann", ofText);
    for (const text of ["one", "two", "three"]) await fanfare.publish("posts", { text });
    expect(await ann.receiveNext("1")).toEqual({ data: { posted: "one" } });
    expect(await ann.receiveNext("1")).toMatchObject({ errors: [{ path: ["posted"] }], data: { posted: null } });
    expect(await ann.receiveNext("1")).toEqual({ data: { posted: "three" } });
  });

  it.each(strange)("$what, by a property of an event that `match` asks for", async ({ thrown }) => {
    const schema = textsWith(
      subscription({
        topics: () => ["posts"],
        resolve: () => "text",
        match: ({ about }: { about?: string }) => ({ about: about ?? undefined }),
      }),
    );
    await using fanfare = serverWith(schema, new NotingLog());
    const ann = await listener(fanfare, "ann", 'subscription { posted(about: "it") }');
    const bob = await listener(fanfare, "bob", ofText);
    const hostile = () => {
      throw thrown;
    };
    await fanfare.publish("posts", Object.defineProperty({}, "about", { get: hostile }));
    expect(await bob.receiveNext("1")).toEqual({ data: { posted: "text" } });
    await ann.assertNoMessages();
  });
});
