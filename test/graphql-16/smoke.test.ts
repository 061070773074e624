import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { graphqlWs6 } from "../clients/drivers/graphql-ws.ts";
import type { Driver, Result } from "../clients/driver.ts";
import { Heard } from "../clients/heard.ts";
import { Wire } from "../clients/wire.ts";
import { until } from "../faults/until.ts";
import { ServerProcess } from "./server-process.ts";

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start();
});
afterAll(() => server[Symbol.asyncDispose]());

function joined(user: string): Promise<Driver> {
  return graphqlWs6({ url: `ws://127.0.0.1:${server.port}/graphql`, wire: new Wire(), params: { user } });
}

async function byHttp(query: string, variables: object = {}): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

async function count(client: Driver, name: "live" | "executions"): Promise<number> {
  const { data } = await client.query(`{ ${name} }`);
  return typeof data === "object" && data !== null ? Number(new Map(Object.entries(data)).get(name)) : NaN;
}

/** Subscribes each client, and resolves when all of them are live. */
async function heardBy(clients: readonly Driver[], subscription: string): Promise<readonly Heard[]> {
  const [first] = clients;
  if (!first) return [];
  const before = await count(first, "live");
  const heard = clients.map((client) => {
    const observer = new Heard();
    client.subscribe(subscription, observer);
    return observer;
  });
  await until(
    async () => (await count(first, "live")) === before + clients.length,
    () => "the subscriptions to be live",
  );
  return heard;
}

/** What one client gets of one event. */
async function resultOf(selection: string): Promise<Result | undefined> {
  await using client = await joined("ada");
  const [heard] = await heardBy([client], `subscription { posted { ${selection} } }`);
  await client.mutate(`mutation { post(id: "1", text: "hello") { id } }`);
  await heard?.received(1);
  return heard?.results[0];
}

describe("A server on graphql 16", () => {
  it("runs on graphql 16 indeed", async () => {
    await using client = await joined("ada");
    expect(await client.query("{ version }")).toEqual({ data: { version: expect.stringMatching(/^16\./) } });
    expect(await byHttp("{ version }")).toEqual({ data: { version: expect.stringMatching(/^16\./) } });
  });

  it("answers queries with variables, and tells which value is wrong", async () => {
    const query = "query ($of: Int!) { double(of: $of) }";
    expect(await byHttp(query, { of: 21 })).toEqual({ data: { double: 42 } });
    expect(await byHttp(query, { of: "many" })).toMatchObject({
      errors: [
        {
          message: expect.stringContaining(`Variable "$of" got invalid value`),
          extensions: { code: "BAD_USER_INPUT" },
        },
      ],
    });
  });

  it("delivers whole what a document may defer", async () => {
    await using client = await joined("ada");
    const query = "{ ... @defer { double(of: 21) } }";
    for (const result of [await byHttp(query), await client.query(query)])
      expect(result).toEqual({ data: { double: 42 } });
    expect(await resultOf("... @defer { text }")).toEqual({ data: { posted: { text: "hello" } } });
  });

  it("answers mutations, also with introspection of their type", async () => {
    await using client = await joined("ada");
    expect(await client.mutate(`mutation { post(id: "1", text: "hello") { __typename text } }`)).toEqual({
      data: { post: { __typename: "Post", text: "hello" } },
    });
    expect(await client.query(`{ __type(name: "Post") { interfaces { name } } }`)).toEqual({
      data: { __type: { interfaces: [{ name: "Node" }] } },
    });
  });

  it("refuses what is no document, and what is not valid", async () => {
    await using client = await joined("ada");
    await expect(client.query("{ version")).rejects.toThrow("Syntax Error: Expected Name, found <EOF>.");
    await expect(client.query("{ colour }")).rejects.toThrow(`Cannot query field "colour" on type "Query".`);
    const heard = new Heard();
    client.subscribe("subscription { posted { colour } }", heard);
    await heard.ended();
    expect(heard.errors).toEqual([`Cannot query field "colour" on type "Post".`]);
    expect(await byHttp("{ colour }")).toMatchObject({
      errors: [{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }],
    });
  });

  it("executes an event once for everybody who asked the same", async () => {
    await using ada = await joined("ada");
    await using bob = await joined("bob");
    const heard = await heardBy([ada, bob, ada], "subscription { posted { id text } }");
    const before = await count(ada, "executions");
    await ada.mutate(`mutation { post(id: "1", text: "hello") { id } }`);
    await Promise.all(heard.map((each) => each.received(1)));
    for (const { results } of heard) expect(results).toEqual([{ data: { posted: { id: "1", text: "hello" } } }]);
    expect(await count(ada, "executions")).toBe(before + 1);
  });

  it("executes it for each viewer where the result depends on who asks", async () => {
    await using ada = await joined("ada");
    await using bob = await joined("bob");
    const [toAda, toBob] = await heardBy([ada, bob], "subscription { posted { mine } }");
    const before = await count(ada, "executions");
    await ada.mutate(`mutation { post(id: "1", text: "hello") { id } }`);
    await Promise.all([toAda?.received(1), toBob?.received(1)]);
    expect(toAda?.results).toEqual([{ data: { posted: { mine: "ada: hello" } } }]);
    expect(toBob?.results).toEqual([{ data: { posted: { mine: "bob: hello" } } }]);
    expect(await count(ada, "executions")).toBe(before + 2);
  });

  it("leaves out what a filter rejects", async () => {
    await using client = await joined("ada");
    const [heard] = await heardBy([client], `subscription { posted(text: "wanted") { id } }`);
    await client.mutate(`mutation { post(id: "1", text: "unwanted") { id } }`);
    await client.mutate(`mutation { post(id: "2", text: "wanted") { id } }`);
    await heard?.received(1);
    expect(heard?.results).toEqual([{ data: { posted: { id: "2" } } }]);
  });

  it("writes lists, enums, aliases and nested objects", async () => {
    expect(await resultOf("__typename id tags feeling: mood author { id name }")).toEqual({
      data: {
        posted: {
          __typename: "Post",
          id: "1",
          tags: ["new", "hello"],
          feeling: "HAPPY",
          author: { id: "a1", name: "Ada" },
        },
      },
    });
  });

  it("follows fragments, also into an interface", async () => {
    const selection = "... on Node { id } ... on Post { text } related { __typename id ... on Author { name } }";
    expect(await resultOf(selection)).toEqual({
      data: {
        posted: {
          id: "1",
          text: "hello",
          related: [
            { __typename: "Author", id: "a1", name: "Ada" },
            { __typename: "Author", id: "a2", name: null },
          ],
        },
      },
    });
    await using client = await joined("ada");
    const [heard] = await heardBy([client], "subscription { posted { ...Short } } fragment Short on Post { id text }");
    await client.mutate(`mutation { post(id: "1", text: "hello") { id } }`);
    await heard?.received(1);
    expect(heard?.results).toEqual([{ data: { posted: { id: "1", text: "hello" } } }]);
  });

  it("obeys @skip and @include", async () => {
    const selection = "id @include(if: true) text @skip(if: true) tags @include(if: false) mood @skip(if: false)";
    expect(await resultOf(selection)).toEqual({ data: { posted: { id: "1", mood: "HAPPY" } } });
  });

  it("tells errors of resolvers beside the data, and nulls the parent of what may not be null", async () => {
    expect(await resultOf("id broken")).toEqual({
      data: { posted: { id: "1", broken: null } },
      errors: ["broken on purpose"],
    });
    expect(await resultOf("id needed")).toEqual({ data: { posted: null }, errors: ["broken on purpose"] });
  });

  it("ends subscriptions", async () => {
    await using client = await joined("ada");
    const [heard] = await heardBy([client], "subscription { posted { id } }");
    await client.mutate("mutation { end }");
    await heard?.ended();
    expect([heard?.completed, heard?.errors]).toEqual([true, undefined]);
  });
});
