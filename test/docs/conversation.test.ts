import { once } from "node:events";
import { GraphQLError, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { createFanfare, declare, silentLog, type Fanfare } from "fanfare";

const { subscription, topic } = declare();
const room = topic("room", { name: String }).of<string>();
const lobby = room({ name: "lobby" });

const text = { type: GraphQLString };
const fails = {
  type: GraphQLString,
  resolve: () => {
    throw new Error("relation users_2019 does not exist");
  },
};
const Said = new GraphQLObjectType<string>({
  name: "Said",
  fields: {
    text: { type: GraphQLString, resolve: (said) => said },
    loud: {
      type: GraphQLString,
      resolve: (said) => {
        if (said === "quiet") throw new GraphQLError("It is quiet");
        return said.toUpperCase();
      },
    },
  },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: "Query",
    fields: { hi: { type: GraphQLString, resolve: () => "hello" }, fails },
  }),
  mutation: new GraphQLObjectType({ name: "Mutation", fields: { hi: { type: GraphQLString, resolve: () => "done" } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      said: {
        type: Said,
        args: { rooms: { type: new GraphQLNonNull(GraphQLString) } },
        ...subscription({
          topics: ({ rooms }: { rooms: string }) => {
            if (rooms === "") throw new GraphQLError("Which room?", { extensions: { code: "NO_ROOM" } });
            return rooms.split(" ").map((name) => room({ name }));
          },
        }),
      },
      other: text,
    },
  }),
});

let fanfare: Fanfare;
let url: string;

beforeAll(async () => {
  fanfare = createFanfare({ schema, log: silentLog });
  ({ url } = await fanfare.listen({ port: 0 }));
});

afterAll(() => fanfare[Symbol.asyncDispose]());

/** A client that reads the text of messages as it stands on the wire. */
class Wire implements Disposable {
  readonly #socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
  readonly #messages: string[] = [];
  #arrived: (() => void) | undefined;

  static async ready(): Promise<Wire> {
    const wire = new Wire();
    await once(wire.#socket, "open");
    wire.send({ type: "connection_init" });
    await wire.next();
    return wire;
  }

  private constructor() {
    this.#socket.on("message", (data: Buffer) => {
      this.#messages.push(data.toString());
      this.#arrived?.();
    });
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  start(id: string, query: string, more: object = {}): void {
    this.send({ type: "subscribe", id, payload: { query, ...more } });
  }

  async next(): Promise<string> {
    while (this.#messages.length === 0) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    return this.#messages.shift() ?? "";
  }

  /** Resolves when everything that was sent before was taken. Throws if there was an answer to any of it. */
  async settled(): Promise<void> {
    this.send({ type: "ping" });
    const answer = await this.next();
    if (answer !== '{"type":"pong"}') throw new Error(`Expected nothing more, received ${answer}`);
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const json = { "content-type": "application/json", ...headers };
  return fetch(url, { method: "POST", headers: json, body: JSON.stringify(body) });
}

async function typeOf(accept: string): Promise<string | null> {
  return (await post({ query: "{ hi }" }, { accept })).headers.get("content-type");
}

describe("An operation over WebSocket", () => {
  it.each([
    ["{ hi", {}, "GRAPHQL_PARSE_FAILED"],
    ["{ no }", {}, "GRAPHQL_VALIDATION_FAILED"],
    ["query A { hi }", { operationName: "B" }, "OPERATION_RESOLUTION_FAILURE"],
    ["query A { hi } query B { hi }", {}, "OPERATION_RESOLUTION_FAILURE"],
    ["query ($rooms: String!) { hi }", {}, "GRAPHQL_VALIDATION_FAILED"],
    ["subscription ($rooms: String!) { said(rooms: $rooms) { text } }", {}, "BAD_USER_INPUT"],
    [`{ ${"a".repeat(15_000)} }`, {}, "DOCUMENT_TOO_LARGE"],
    [`{ ${Array.from({ length: 31 }, () => "hi").join(" ")} }`, {}, "LIMIT_EXCEEDED"],
    ['subscription { said(rooms: "") { text } }', {}, "NO_ROOM"],
  ])("%.40s %j ends with one error and no complete, PROTOCOL 3.3 and 9.1", async (query, more, code) => {
    using wire = await Wire.ready();
    wire.start("1", query, more);
    const answer: unknown = JSON.parse(await wire.next());
    expect(answer).toMatchObject({ id: "1", type: "error", payload: [{ extensions: { code } }] });
    await wire.settled();
  });

  it("is answered with one next and complete, PROTOCOL 3.4, whose members stand in order, PROTOCOL 3.6", async () => {
    using wire = await Wire.ready();
    wire.start("1", "{ hi }");
    expect(await wire.next()).toBe('{"id":"1","type":"next","payload":{"data":{"hi":"hello"}}}');
    expect(await wire.next()).toBe('{"type":"complete","id":"1"}');
  });

  it("has a resolver's error in its result, masked unless it was meant, PROTOCOL 3.4 and 9.2", async () => {
    using wire = await Wire.ready();
    wire.start("1", "{ hi fails }");
    const answer: unknown = JSON.parse(await wire.next());
    const error = {
      message: "Internal server error",
      locations: [{ line: 1, column: 6 }],
      path: ["fails"],
      extensions: { code: "INTERNAL_SERVER_ERROR" },
    };
    expect(answer).toMatchObject({ type: "next", payload: { data: { hi: "hello", fails: null }, errors: [error] } });
  });

  it("goes on after an event whose resolver failed, PROTOCOL 3.5", async () => {
    using wire = await Wire.ready();
    wire.start("1", 'subscription { said(rooms: "lobby") { loud } }');
    await wire.settled();
    await fanfare.publish(lobby, "quiet");
    await fanfare.publish(lobby, "hello");
    expect(JSON.parse(await wire.next())).toMatchObject({
      payload: { data: { said: { loud: null } }, errors: [{ message: "It is quiet" }] },
    });
    expect(await wire.next()).toBe('{"id":"1","type":"next","payload":{"data":{"said":{"loud":"HELLO"}}}}');
  });

  it("gets each event once and in order, then complete, PROTOCOL 3.5 and 3.8", async () => {
    using wire = await Wire.ready();
    wire.start("1", 'subscription { said(rooms: "lobby pit") { text } }');
    await wire.settled();
    const words = ["one", "two", "three"];
    for (const word of words) await fanfare.publish([lobby, room({ name: "pit" })], word);
    await fanfare.end(lobby);
    for (const word of words) expect(await wire.next()).toContain(word);
    expect(await wire.next()).toBe('{"type":"complete","id":"1"}');
  });
});

describe("The same path by HTTP", () => {
  it("answers queries by GET and POST, and mutations by POST alone, PROTOCOL 7.1 and 7.3", async () => {
    const get = (query: string) =>
      fetch(`${url}?query=${encodeURIComponent(query)}`, { headers: { "x-graphql-require-preflight": "1" } });
    for (const response of [await get("{ hi }"), await post({ query: "{ hi }" })]) {
      expect([response.status, await response.text()]).toEqual([200, '{"data":{"hi":"hello"}}']);
    }
    expect(await (await post({ query: "mutation { hi }" })).text()).toBe('{"data":{"hi":"done"}}');
    expect((await get("mutation { hi }")).status).toBe(405);
    expect((await fetch(`${url}?query={hi}`, { headers: { cookie: "a=b" } })).status).toBe(403);
  });

  it.each([
    [{ query: "{ hi" }, "GRAPHQL_PARSE_FAILED"],
    [{ query: "{ no }" }, "GRAPHQL_VALIDATION_FAILED"],
    [{ query: "query A { hi }", operationName: "B" }, "OPERATION_RESOLUTION_FAILURE"],
    [{ query: `{ ${"a".repeat(15_000)} }` }, "DOCUMENT_TOO_LARGE"],
  ])("has the errors of the WebSocket, in the words of formatError, PROTOCOL 7.1 and 9.1", async (body, code) => {
    await using worded = createFanfare({
      schema,
      log: silentLog,
      formatError: ({ extensions }) => ({ message: "No", extensions: { ...extensions, worded: true } }),
    });
    const { url: other } = await worded.listen({ port: 0 });
    const response = await fetch(other, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/graphql-response+json" },
      body: JSON.stringify(body),
    });
    expect([response.status, JSON.parse(await response.text())]).toMatchObject([
      400,
      { errors: [{ message: "No", extensions: { code, worded: true } }] },
    ]);
  });

  it("asks onOperation and context, and not onConnect, PROTOCOL 7.1", async () => {
    const asked: string[] = [];
    await using watched = createFanfare({
      schema,
      log: silentLog,
      onConnect: () => void asked.push("onConnect"),
      onOperation: () => void asked.push("onOperation"),
      context: () => asked.push("context"),
    });
    const { url: other } = await watched.listen({ port: 0 });
    await fetch(other, { method: "POST", headers: { "content-type": "application/json" }, body: '{"query":"{ hi }"}' });
    expect(asked).toEqual(["onOperation", "context"]);
  });

  it("has no stream, PROTOCOL 7.4, and grants nobody access, PROTOCOL 7.5", async () => {
    expect((await post({ query: 'subscription { said(rooms: "lobby") { text } }' })).status).toBe(406);
    const response = await fetch(url, { method: "OPTIONS", headers: { origin: "https://app.example.com" } });
    expect(response.status).toBe(405);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  it("says what is wrong with a body in the shape of a result, PROTOCOL 7.2 and 7.7", async () => {
    const wrong: readonly (readonly [number, Response])[] = [
      [415, await fetch(url, { method: "POST", body: '{"query":"{ hi }"}' })],
      [415, await post({}, { "content-encoding": "gzip" })],
      [400, await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{" })],
      [413, await post({ query: " ".repeat(300_000) })],
    ];
    for (const [status, response] of wrong) {
      expect([response.status, JSON.parse(await response.text())]).toEqual([
        status,
        { errors: [{ message: expect.any(String) }] },
      ]);
    }
    expect((await fetch(new URL("/elsewhere", url))).status).toBe(404);
  });

  it("answers in the type that Accept prefers, PROTOCOL 7.6", async () => {
    expect(await typeOf("*/*")).toBe("application/json; charset=utf-8");
    const result = "application/graphql-response+json";
    expect(await typeOf(`${result}, application/json`)).toBe(`${result}; charset=utf-8`);
  });
});

describe("Where introspection is off", () => {
  it("messages do not say what there is instead, PROTOCOL 9.3", async () => {
    await using closed = createFanfare({ schema, log: silentLog, introspection: false });
    const results = await closed.subscribe({ query: "{ ho }" });
    expect((await results.next()).value).toMatchObject({
      errors: [{ message: 'Cannot query field "ho" on type "Query".' }],
    });
  });
});
