import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BareClient } from "./bare-client.ts";
import { textFrame } from "./frame.ts";
import { tickOf } from "./crowd.ts";
import { Scene } from "./scene.ts";

const subscription = 'subscription { ticks(room: "lobby") { n } }';
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const subscribe = (more: object): string => JSON.stringify({ type: "subscribe", ...more });

/** Texts that no client may send, whatever was said before. */
const unacceptable: Readonly<Record<string, string>> = {
  "no JSON": "hello",
  "half of a JSON object": '{"type":"ping"',
  "an array": '[{"type":"ping"}]',
  "a string": '"ping"',
  null: "null",
  "a number that is infinite": '{"type":"ping","payload":1e999',
  "no type": "{}",
  "a type that is no string": '{"type":1}',
  "a type that is an object": '{"type":{"toString":"ping"}}',
  "a type that every object has": '{"type":"constructor"}',
  "a type of another protocol": '{"type":"start","id":"1","payload":{}}',
  "a type that only the server sends": '{"type":"next","id":"1","payload":{}}',
  "a key that changes prototypes": '{"type":"ping","payload":{"__proto__":{"polluted":true}}}',
  "the same key in disguise": '{"type":"ping","payload":{"\\u005f_proto__":{"polluted":true}}}',
  "a payload that is no object": '{"type":"ping","payload":"x"}',
  "JSON that is 65 deep": `{"type":"ping","payload":{"a":${nested(63)}}}`,
  "100,000 brackets that open": "[".repeat(60_000) + "{".repeat(4_000),
  "no id": subscribe({ payload: { query: "{ hi }" } }),
  "an id that is empty": subscribe({ id: "", payload: { query: "{ hi }" } }),
  "an id that is a number": subscribe({ id: 1, payload: { query: "{ hi }" } }),
  "an id that is an object": subscribe({ id: { toString: "1" }, payload: { query: "{ hi }" } }),
  "no query": subscribe({ id: "1", payload: {} }),
  "a query that was parsed already": subscribe({ id: "1", payload: { query: { kind: "Document", definitions: [] } } }),
  "variables that are a list": subscribe({ id: "1", payload: { query: "{ hi }", variables: [] } }),
  "an operation name that is a number": subscribe({ id: "1", payload: { query: "{ hi }", operationName: 1 } }),
  "a complete without an id": '{"type":"complete"}',
};

/** Ids that mean something to JavaScript, to JSON, or to people. */
const strangeIds = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "0",
  '"',
  "\\",
  "\u0000\u001f",
  "\u2028",
  "🏊",
  "\ud800",
  " ",
  "x".repeat(64),
];

describe("A server that is told", () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await Scene.open();
  });

  afterEach(async () => {
    await scene.serves();
    await scene.cleared();
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  async function publish(events: number): Promise<void> {
    await scene.server.ask("publish", "lobby", events, 1);
  }

  describe.each([
    ["before the init", (port: number) => BareClient.open(port)],
    ["after the acknowledgement", (port: number) => BareClient.ready(port)],
  ])("%s", (_when, connect) => {
    it.each(Object.entries(unacceptable))("%s closes with 4400 and says why", async (_name, text) => {
      using client = await connect(scene.port);
      client.write(textFrame(text));
      expect(await client.closed()).toBe(4400);
      expect(client.closing?.reason).not.toBe("");
      expect(client.messages).toEqual([]);
    });
  });

  it.each([
    ["100,000 brackets deep", "[".repeat(100_000)],
    ["100,000 objects deep", '{"a":'.repeat(40_000)],
    ["deep, and closed again", `{"type":"ping","payload":{"a":${nested(100_000)}}}`],
  ])("JSON that is %s closes with 4400", async (_name, text) => {
    using client = await BareClient.ready(scene.port);
    client.write(textFrame(text));
    expect(await client.closed()).toBe(4400);
  });

  it("a document that is 100,000 deep answers with an error", async () => {
    using client = await BareClient.ready(scene.port);
    client.subscribe("1", "{a".repeat(50_000));
    await client.until(() => client.messages.length === 1, "an error");
    expect(client.messages).toEqual([expect.objectContaining({ type: "error", id: "1" })]);
  });

  it.each([
    ["{", "GRAPHQL_PARSE_FAILED"],
    ["", "BAD_REQUEST"],
    [" ", "GRAPHQL_PARSE_FAILED"],
    ["{ nothing }", "GRAPHQL_VALIDATION_FAILED"],
    ["query A { hi } query B { hi }", "OPERATION_RESOLUTION_FAILURE"],
    ["query ($a: Int!) { add(a: $a) }", "BAD_USER_INPUT"],
    [`{ ${"hi ".repeat(4_900)} }`, "DOCUMENT_TOO_LARGE"],
    [`{ ${Array.from({ length: 16 }, (_, index) => `a${index}: hi`).join(" ")} }`, "LIMIT_EXCEEDED"],
    ["fragment A on Query { ...A } { ...A }", "GRAPHQL_VALIDATION_FAILED"],
    ["{ __proto__ }", "GRAPHQL_VALIDATION_FAILED"],
  ])("the document %j answers with the code %s, and the connection goes on", async (query, code) => {
    using client = await BareClient.ready(scene.port);
    client.subscribe("1", query);
    client.subscribe("2", "{ hi }");
    await client.until(() => client.messages.length === 3, "an error, a result and its end");
    expect(client.of("1")).toEqual([
      { id: "1", type: "error", payload: [expect.objectContaining({ extensions: expect.objectContaining({ code }) })] },
    ]);
    expect(client.of("2").map(({ type }) => type)).toEqual(["next", "complete"]);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"])(
    "to answer under the alias %s does so",
    async (alias) => {
      using client = await BareClient.ready(scene.port);
      client.send({ type: "subscribe", id: "1", payload: { query: `{ ${alias}: hi }` } });
      client.send({
        type: "subscribe",
        id: "2",
        payload: { query: `subscription { ${alias}: ticks(room: "lobby") { ${alias}: n } }` },
      });
      await client.until(() => client.messages.length === 2, "a result and its end");
      await client.handled();
      await publish(1);
      await client.until(() => client.messages.length === 3, "an event");
      expect(JSON.stringify(client.of("1")[0]?.payload)).toBe(`{"data":{"${alias}":"hello"}}`);
      expect(JSON.stringify(client.of("2")[0]?.payload)).toMatch(
        new RegExp(`^{"data":{"${alias}":{"${alias}":\\d+}}}$`),
      );
    },
  );

  it.each(strangeIds)("to run an operation %j does so under this id", async (id) => {
    using client = await BareClient.ready(scene.port);
    client.subscribe(id, subscription);
    client.subscribe("another", "{ hi }");
    await client.until(() => client.messages.length === 2, "the query's answer");
    await publish(2);
    await client.until(() => client.of(id).length === 2, "two events");
    expect(client.of(id).map(({ type }) => type)).toEqual(["next", "next"]);
    client.send({ type: "complete", id });
    await client.handled();
    await publish(1);
    await client.handled();
    expect(client.of(id).length).toBe(2);
  });

  it("an id again while it is being started closes with 4409", async () => {
    using client = await BareClient.ready(scene.port);
    const message = { type: "subscribe", id: "__proto__", payload: { query: subscription } };
    client.send(message, message);
    expect(await client.closed()).toBe(4409);
    expect(client.closing?.reason).toBe("Subscriber for __proto__ already exists");
  });

  it("an id again while it is live closes with 4409, in a reason that fits", async () => {
    using client = await BareClient.ready(scene.port);
    const id = `${"€".repeat(21)}x`;
    client.subscribe(id, subscription);
    await publish(1);
    client.subscribe(id, "{ hi }");
    expect(await client.closed()).toBe(4409);
  });

  it("an id again after the client has completed it runs the new operation alone", async () => {
    using client = await BareClient.ready(scene.port);
    client.subscribe("1", subscription);
    client.send({ type: "complete", id: "1" });
    client.subscribe("1", "{ hi }");
    await client.until(() => client.messages.length === 2, "the query's answer");
    await publish(1);
    await client.handled();
    expect(client.messages.map(({ type }) => type)).toEqual(["next", "complete"]);
    expect(client.messages[0]?.payload).toEqual({ data: { hi: "hello" } });
  });

  it("an id again a hundred times, completed each time, runs the last one alone", async () => {
    using client = await BareClient.ready(scene.port);
    for (let round = 0; round < 100; round++) {
      client.send({ type: "subscribe", id: "1", payload: { query: subscription } }, { type: "complete", id: "1" });
    }
    client.subscribe("1", subscription);
    await client.handled();
    await publish(3);
    await client.until(() => client.messages.length >= 3, "three events");
    await client.handled();
    const numbers = client.messages.map((message) => tickOf(message)?.n ?? NaN);
    expect(numbers).toEqual([0, 1, 2].map((index) => (numbers[0] ?? NaN) + index));
  });

  it.each(["{ hi }", "{ nothing }"])("an id again after %s was answered takes it", async (query) => {
    using client = await BareClient.ready(scene.port);
    client.subscribe("1", query);
    await client.until(() => client.messages.at(-1)?.type === (query === "{ hi }" ? "complete" : "error"), "an end");
    client.messages.length = 0;
    client.subscribe("1", "{ hi }");
    await client.until(() => client.messages.length === 2, "the second answer");
    expect(client.messages.map(({ type }) => type)).toEqual(["next", "complete"]);
  });

  it.each([
    ["65 bytes", "x".repeat(65)],
    ["22 characters and 66 bytes", "€".repeat(22)],
  ])("to subscribe with an id of %s answers that id with an error, and the connection goes on", async (_, id) => {
    using client = await BareClient.ready(scene.port);
    client.subscribe(id, "{ hi }");
    client.subscribe("2", "{ hi }");
    await client.until(() => client.messages.length === 3, "an error, a result and its end");
    const extensions = { code: "LIMIT_EXCEEDED", limit: "operationIdBytes", maximum: 64 };
    expect(client.of(id)).toEqual([
      { id, type: "error", payload: [{ message: "An operation's id may have at most 64 bytes", extensions }] },
    ]);
    expect(client.of("2").map(({ type }) => type)).toEqual(["next", "complete"]);
  });

  it("to end an operation that is not there does nothing", async () => {
    using client = await BareClient.ready(scene.port);
    for (const id of strangeIds) client.send({ type: "complete", id });
    client.subscribe("1", "{ hi }");
    await client.until(() => client.messages.length === 2, "an answer");
    expect(client.closing).toBeUndefined();
  });

  it("to subscribe before the init closes with 4401 and runs nothing", async () => {
    using client = await BareClient.open(scene.port);
    const { ended } = await scene.server.ask("observed");
    client.subscribe("1", "mutation { touch }");
    expect(await client.closed()).toBe(4401);
    expect((await scene.server.ask("observed")).ended).toBe(ended);
  });

  it("anything harmless before the init takes it", async () => {
    using client = await BareClient.open(scene.port);
    client.send({ type: "pong" }, { type: "complete", id: "1" }, { type: "ping", payload: { a: 1 } });
    client.send({ type: "connection_init", payload: null });
    await client.until(() => client.messages.length === 2, "a pong and an acknowledgement");
    expect(client.messages).toEqual([{ type: "pong", payload: { a: 1 } }, { type: "connection_ack" }]);
  });

  it("a second init closes with 4429", async () => {
    using client = await BareClient.open(scene.port);
    client.send({ type: "connection_init" }, { type: "connection_init" });
    expect(await client.closed()).toBe(4429);
  });

  it("more than 300 messages at once closes with 4429", async () => {
    using client = await BareClient.ready(scene.port);
    client.send(...Array.from({ length: 400 }, () => ({ type: "ping" })));
    expect(await client.closed()).toBe(4429);
    expect(client.messages.length).toBeLessThanOrEqual(301);
  });

  it("to run more than 100 operations refuses the others, one by one", async () => {
    using client = await BareClient.ready(scene.port);
    for (let id = 0; id < 110; id++) client.subscribe(String(id), subscription);
    await client.until(() => client.messages.length === 10, "ten errors");
    expect(client.messages.map(({ type, id }) => `${type} ${id}`)).toEqual(
      Array.from({ length: 10 }, (_, index) => `error ${100 + index}`),
    );
  });

  it.each([
    ["4429 for its bytes", 4429, {}],
    ["4413 before the answers pile up", 4413, { byteBurst: 100_000_000 }],
  ])("large pings by a client that reads nothing closes with %s", async (_how, code, limits) => {
    await using own = await Scene.open({ limits });
    using client = await BareClient.ready(own.port);
    const before = await own.server.ask("memory");
    client.pause();
    const payload = { text: "x".repeat(200_000) };
    client.send(...Array.from({ length: 100 }, () => ({ type: "ping", payload })));
    await client.sent();
    await own.serves();
    expect((await own.server.ask("memory")) - before).toBeLessThan(4_194_304);
    client.resume();
    expect(await client.closed()).toBe(code);
  });
});
