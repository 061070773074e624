import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog } from "fanfare";
import { fetchHandler } from "fanfare/fetch";
import { systemClock } from "../../src/base/clock.ts";

/** A server whose only field answers when it is told. */
function slowServer(requestBytesInAll: number) {
  const gate = Promise.withResolvers<string>();
  const asked = Promise.withResolvers<void>();
  const slow = {
    type: GraphQLString,
    resolve: () => {
      asked.resolve();
      return gate.promise;
    },
  };
  const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: "Query", fields: { slow } }) });
  return { asked, gate, fanfare: createFanfare({ schema, log: silentLog, limits: { requestBytesInAll } }) };
}

function ask(url: string, objects: number): Promise<Response> {
  const extensions = { list: Array.from({ length: objects }, () => ({})) };
  const body = JSON.stringify({ query: "{ slow }", extensions });
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
}

describe("Requests by HTTP", () => {
  it("count for the memory of all requests until they are answered, and are refused over it, PROTOCOL 6.8", async () => {
    const { asked, gate, fanfare } = slowServer(100_000);
    await using _ = fanfare;
    const { url } = await fanfare.listen({ port: 0 });
    const first = ask(url, 1_200);
    await asked.promise;
    const refused = await ask(url, 1_200);
    expect([refused.status, await refused.json()]).toEqual([
      503,
      { errors: [{ message: "Too many large requests; try again later" }] },
    ]);
    const small = ask(url, 1);
    gate.resolve("at last");
    for (const response of [await first, await small, await ask(url, 1_200)]) {
      expect(await response.json()).toEqual({ data: { slow: "at last" } });
    }
  });
});

describe("A body by HTTP", () => {
  it("that takes too much memory when it is parsed is refused before that, PROTOCOL 6.8", async () => {
    const { gate, fanfare } = slowServer(100_000);
    await using _ = fanfare;
    gate.resolve("at once");
    const { url } = await fanfare.listen({ port: 0 });
    expect((await ask(url, 1_000)).status).toBe(200);
    const refused = await ask(url, 30_000);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { errors: [{ message: "JSON may take at most 2097152 bytes when it is parsed" }] },
    ]);
  });
});

/** A server whose turns have time for one piece of work each, and what it answers to bodies that come at once. */
async function answersOf(
  bodies: readonly string[],
  requestBytesInAll: number = 100_000,
): Promise<{ readonly statuses: number[]; readonly order: number[] }> {
  let now = 0;
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString, resolve: () => "hi" } } }),
  });
  const clock = { ...systemClock, now: () => (now += 100) };
  await using fanfare = createFanfare({ schema, clock, log: silentLog, limits: { requestBytesInAll } });
  const handle = fetchHandler(fanfare);
  const order: number[] = [];
  const statuses = bodies.map(async (body, index) => {
    const headers = { "content-type": "application/json" };
    const { status } = await handle(new Request("http://a.example/", { method: "POST", headers, body }));
    order.push(index);
    return status;
  });
  return { statuses: await Promise.all(statuses), order };
}

function ofLength(length: number): string {
  return JSON.stringify({ query: "{ hi }" }).padEnd(length);
}

describe("Bodies of requests by HTTP that come while there is no time to parse them", () => {
  it("take turns, small ones first", async () => {
    const { statuses, order } = await answersOf([30_000, 30_000, 30_000, 500, 500].map(ofLength));
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(order).toEqual([0, 3, 1, 4, 2]);
  });

  it("count for the memory of all requests while they wait, and are refused over it, PROTOCOL 6.8", async () => {
    const { statuses } = await answersOf([90_000, 90_000, 90_000, 500, 90_000].map(ofLength));
    expect(statuses).toEqual([200, 200, 503, 200, 503]);
  });

  it("are answered before the next is parsed, so that few are in memory as objects", async () => {
    // Each has 18 KB of text, and takes 384 KB when it is parsed.
    const body = JSON.stringify({ query: "{ hi }", extensions: { list: Array.from({ length: 6_000 }, () => ({})) } });
    const { statuses } = await answersOf(
      Array.from({ length: 10 }, () => body),
      1_000_000,
    );
    expect(statuses).toEqual(statuses.map(() => 200));
  });
});
