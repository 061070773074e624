import * as fc from "fast-check";
import type { GraphQLError } from "graphql";
import { validateMessage } from "graphql-ws";
import { describe, expect, it } from "vitest";
import type { ServerMessage } from "../../src/dialects/message.ts";
import { graphqlTransportWs, type GraphqlTransportWsOptions } from "../../src/dialects/graphql-transport-ws.ts";
import { play } from "./transcript.ts";
import { Users } from "./users.ts";

const dialect = graphqlTransportWs();
const decode = (message: unknown) => dialect.decode(JSON.stringify(message));
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const sent = (bytes: Uint8Array | undefined): unknown => JSON.parse(text(bytes));
const encode = (message: ServerMessage) => dialect.encode(message).map(text);
const query = "{ hi }";
const subscribe = (payload: unknown) => ({ type: "subscribe", id: "1", payload });

/** Ids: names with a meaning in JavaScript, long ones, and ones that JSON must escape. */
const ids = ["1", "__proto__", "constructor", "toString", "ключ🏊", "x".repeat(200), 'a"b\\c\u2028\n'];

describe("decoding graphql-transport-ws", () => {
  it("decodes connection_init with and without a payload", () => {
    expect(decode({ type: "connection_init" })).toEqual({ type: "init", payload: undefined });
    expect(decode({ type: "connection_init", payload: null })).toEqual({
      type: "init",
      payload: undefined,
    });
    expect(decode({ type: "connection_init", payload: { token: "t" } })).toEqual({
      type: "init",
      payload: { token: "t" },
    });
  });

  it.each(["ping", "pong"])("decodes %s with and without a payload", (type) => {
    expect(decode({ type })).toEqual({ type, payload: undefined });
    expect(decode({ type, payload: { a: 1 } })).toEqual({ type, payload: { a: 1 } });
  });

  it("decodes subscribe", () => {
    const request = { query, operationName: "A", variables: { v: 1 }, extensions: { e: 2 } };
    expect(decode({ type: "subscribe", id: "1", payload: request })).toEqual({
      type: "subscribe",
      id: "1",
      request,
    });
  });

  it("treats null in a subscribe as absent", () => {
    const nulls = { operationName: null, variables: null, extensions: null };
    expect(decode({ type: "subscribe", id: "1", payload: { query, ...nulls } })).toEqual({
      type: "subscribe",
      id: "1",
      request: { query, operationName: undefined, variables: undefined, extensions: undefined },
    });
  });

  it("decodes complete", () => {
    expect(decode({ type: "complete", id: "1" })).toEqual({ type: "complete", id: "1" });
  });

  it.each(ids)("accepts %j as an ordinary id", (id) => {
    expect(decode({ type: "complete", id })).toEqual({ type: "complete", id });
    expect(decode({ type: "subscribe", id, payload: { query } })).toMatchObject({ id });
  });

  it("ignores unknown properties", () => {
    expect(decode({ type: "complete", id: "1", more: true })).toEqual({
      type: "complete",
      id: "1",
    });
  });

  it.each([
    ["", "Not valid JSON"],
    ["[]", "Not a JSON object"],
    ['{"type":"ping","__proto__":1}', 'The key "__proto__" is not allowed'],
    [{}, '"type" must be a string'],
    [{ type: 7 }, '"type" must be a string'],
    [{ type: "next", id: "1" }, 'Unknown message type "next"'],
    [{ type: "toString" }, 'Unknown message type "toString"'],
    [{ type: "connection_init", payload: "x" }, '"payload" of "connection_init" must be an object'],
    [{ type: "ping", payload: [] }, '"payload" of "ping" must be an object'],
    [{ type: "subscribe", payload: { query } }, '"id" of "subscribe" must be a non-empty string'],
    [{ type: "subscribe", id: "", payload: { query } }, '"id" of "subscribe" must be a non-empty string'],
    [{ type: "subscribe", id: 1, payload: { query } }, '"id" of "subscribe" must be a non-empty string'],
    [{ type: "complete", id: 0 }, '"id" of "complete" must be a non-empty string'],
    [subscribe(undefined), '"payload" of "subscribe" must be an object'],
    [subscribe({}), '"query" must be a string'],
    [subscribe({ query: { kind: "Document", definitions: [] } }), '"query" must be a string'],
    [subscribe({ query, operationName: 1 }), '"operationName" must be a string'],
    [subscribe({ query, variables: [] }), '"variables" must be an object'],
    [subscribe({ query, variables: "{}" }), '"variables" must be an object'],
    [subscribe({ query, extensions: true }), '"extensions" must be an object'],
  ])("decodes %j as invalid with the reason", (message, reason) => {
    const raw = typeof message === "string" ? message : JSON.stringify(message);
    expect(dialect.decode(raw)).toMatchObject({ type: "invalid", reason });
  });

  it("keeps the operation's id of an invalid message", () => {
    expect(decode({ type: "next", id: "7" })).toMatchObject({ type: "invalid", id: "7" });
    expect(decode(subscribe({}))).toMatchObject({ type: "invalid", id: "1" });
    expect(decode({ type: "subscribe", id: 1, payload: {} })).not.toHaveProperty("id");
  });

  it("quotes a client's text cut and with control characters escaped", () => {
    const decoded = decode({ type: `\r\n${"🏊".repeat(100)}` });
    expect(decoded).toMatchObject({ type: "invalid" });
    expect(JSON.stringify(decoded).length).toBeLessThan(140);
    expect(JSON.stringify(decoded)).not.toMatch(/\r|\n/);
  });

  it("never throws, and every reason fits into a close frame", () => {
    const messages = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc
        .record(
          {
            type: fc.oneof(
              fc.constantFrom("connection_init", "ping", "pong", "subscribe", "complete"),
              fc.string({ unit: "binary", maxLength: 300 }),
            ),
            id: fc.oneof(fc.constantFrom(...ids), fc.jsonValue()),
            payload: fc.oneof(
              fc.jsonValue(),
              fc.record(
                { query: fc.jsonValue(), variables: fc.jsonValue(), operationName: fc.jsonValue() },
                { requiredKeys: [] },
              ),
            ),
          },
          { requiredKeys: [] },
        )
        .map((message) => JSON.stringify(message)),
    );
    fc.assert(
      fc.property(messages, (raw) => {
        const decoded = dialect.decode(raw);
        const reason = decoded.type === "invalid" ? decoded.reason : "none";
        expect(reason).not.toBe("");
        expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
      }),
    );
  });
});

describe("encoding graphql-transport-ws", () => {
  it("omits an absent payload", () => {
    expect(encode({ type: "ack", payload: undefined })).toEqual(['{"type":"connection_ack"}']);
    expect(encode({ type: "ping", payload: undefined })).toEqual(['{"type":"ping"}']);
  });

  it.each([
    [{ type: "ack", payload: { a: 1 } } as const, { type: "connection_ack", payload: { a: 1 } }],
    [{ type: "ping", payload: { a: 1 } } as const, { type: "ping", payload: { a: 1 } }],
    [{ type: "pong", payload: { a: 1 } } as const, { type: "pong", payload: { a: 1 } }],
    [{ type: "complete", id: "1" } as const, { type: "complete", id: "1" }],
    [
      { type: "error", id: "1", errors: [{ message: "no" }] } as const,
      { type: "error", id: "1", payload: [{ message: "no" }] },
    ],
  ])("encodes %j as in the protocol", (message, expected) => {
    const written: unknown[] = encode(message).map((each) => JSON.parse(each));
    expect(written).toEqual([expected]);
    for (const each of written) expect(() => validateMessage(each)).not.toThrow();
  });

  it("has no message for a refusal, a keep-alive, a start or an invalid message", () => {
    expect(encode({ type: "opened" })).toEqual([]);
    expect(encode({ type: "refused", reason: "no" })).toEqual([]);
    expect(encode({ type: "keepAlive" })).toEqual([]);
    expect(encode({ type: "started", id: "1" })).toEqual([]);
    expect(encode({ type: "invalid", id: "1", reason: "no" })).toEqual([]);
  });

  it("answers an invalid message with an error by option, which clients accept", () => {
    const answering = graphqlTransportWs({ answerInvalid: true });
    expect(answering.encode({ type: "invalid", id: undefined, reason: "no" })).toEqual([]);
    const [answer] = answering.encode({ type: "invalid", id: "1", reason: "no" });
    expect(() => validateMessage(sent(answer))).not.toThrow();
  });

  it.each(ids)("wraps results of operation %j in an envelope of bytes made once", (id) => {
    const { head, tail } = dialect.envelope(id);
    const result = Buffer.from('{"data":{"hi":"ключ"}}');
    const message = sent(Buffer.concat([head, result, tail]));
    expect(message).toEqual({ id, type: "next", payload: { data: { hi: "ключ" } } });
    expect(() => validateMessage(message)).not.toThrow();
  });

  it("writes envelopes as the protocol's specification shows them", () => {
    const { head, tail } = dialect.envelope("7");
    expect([text(head), text(tail)]).toEqual(['{"id":"7","type":"next","payload":', "}"]);
  });
});

async function transcript(
  lines: string,
  deviations: GraphqlTransportWsOptions = {},
  server: ConstructorParameters<typeof Users>[0] = {},
): Promise<void> {
  await using users = new Users(server);
  await play(users.fanfare, graphqlTransportWs(deviations), lines, users.happenings);
}

/** Formats errors like an older server: the error's class name is the code. */
function withClassName(error: GraphQLError) {
  return { ...error.toJSON(), extensions: { code: error.originalError?.name } };
}

function wrong(reason: string): string {
  return `S> {"type":"error","id":"1","payload":[{"message":${JSON.stringify(reason)},"extensions":{"code":"INVALID_MESSAGE"}}]}`;
}

describe("graphql-transport-ws with the behaviours of older servers", () => {
  const init = `C> {"type":"connection_init","payload":{}}
                S> {"type":"connection_ack"}`;
  const toUsers = `C> {"type":"subscribe","id":"2","payload":{"query":"subscription { users { id } }"}}`;
  const event = `S> {"type":"next","id":"2","payload":{"data":{"users":[{"id":"7"}]}}}`;

  it("follows the specification without any of them", async () => {
    await transcript(`
      ${init}
      C> {"type":"pong"}
      C> {"type":"ping"}
      S> {"type":"pong"}
      ${toUsers}
      !> publish
      ${event}
      C> {"type":"complete","id":"2"}
      !> publish`);
  });

  it("sends a confirmation, and echoes complete (S3-W20)", async () => {
    await transcript(
      `${init}
       ${toUsers}
       S> {"type":"next","id":"2","payload":{"data":null}}
       !> publish
       ${event}
       C> {"type":"complete","id":"2"}
       S> {"type":"complete","id":"2"}`,
      { confirmation: { data: null }, echoComplete: true },
    );
  });

  it("sends the errors of a document as error, and nothing after it (S3-W21)", async () => {
    await transcript(`
      ${init}
      C> {"type":"subscribe","id":"2","payload":{"query":"{"}}
      S> {"type":"error","id":"2","payload":[{"message":"Syntax Error…","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`);
  });

  it("sends a resolver's error beside the data, and masks an unexpected one (S3-W23)", async () => {
    await transcript(`
      ${init}
      C> {"type":"subscribe","id":"1","payload":{"query":"{ fails }"}}
      S> {"type":"next","id":"1","payload":{"data":{"fails":null},"errors":[{"message":"Internal server error","locations":[{"line":1,"column":3}],"path":["fails"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}}
      S> {"type":"complete","id":"1"}`);
  });

  it("formats a resolver's error by the server's formatError (S3-W23)", async () => {
    await transcript(
      `${init}
       C> {"type":"subscribe","id":"1","payload":{"query":"{ fails }"}}
       S> {"type":"next","id":"1","payload":{"data":{"fails":null},"errors":[{"message":"x","locations":[{"line":1,"column":3}],"path":["fails"],"extensions":{"code":"RangeError"}}]}}
       S> {"type":"complete","id":"1"}`,
      {},
      { formatError: withClassName },
    );
  });

  it("accepts any payload of an init (S4-W2)", async () => {
    const introduced: unknown[] = [];
    const server = { onConnect: (payload: unknown) => void introduced.push(payload) };
    const anything = `C> {"type":"connection_init","payload":{"anything":1}}\nS> {"type":"connection_ack"}`;
    await transcript(anything, {}, server);
    await transcript(`C> {"type":"connection_init"}\nS> {"type":"connection_ack"}`, {}, server);
    expect(introduced).toEqual([{ anything: 1 }, {}]);
  });

  it.each([
    ["a subscribe without an id", '{"type":"subscribe","payload":{"query":"{ a }"}}', "S4-W9"],
    ["a type that it does not know", '{"type":"nonsense","id":"1"}', "S4-W9"],
    ["a subscribe without a query", '{"type":"subscribe","id":"1","payload":{}}', "S4-W10"],
    ["variables that are none", '{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":7}}', "S4-W10"],
  ])("closes with 4400 at %s (%s; %s)", async (_, message) => {
    await transcript(`${init}\nC> ${message}\nS> close 4400`);
  });

  it("answers or ignores an invalid message by option (S4-W9, S4-W10)", async () => {
    await transcript(
      `${init}
       C> {"type":"subscribe","payload":{"query":"{ a }"}}
       C> {"type":"nonsense"}
       C> []
       C> {
       ${toUsers}
       C> {"type":"subscribe","id":"1","payload":{}}
       ${wrong('"query" must be a string')}
       C> {"type":"subscribe","id":"1"}
       ${wrong('"payload" of "subscribe" must be an object')}
       C> {"type":"nonsense","id":"1"}
       ${wrong('Unknown message type "nonsense"')}
       !> publish
       ${event}`,
      { answerInvalid: true },
    );
  });

  it.each([
    ["4401 at a subscribe before the init", toUsers, 4401],
    ["4429 at a second init", `${init}\nC> {"type":"connection_init"}`, 4429],
  ])("closes with %s (S4-W12)", async (_, lines, code) => {
    await transcript(`${lines}\nS> close ${code}`);
  });

  it("closes with 4403 and without a frame when onConnect refuses (S3-W24), with 4401 before the acknowledgement (S4-W8)", async () => {
    await using users = new Users({ onConnect: () => false });
    const { fanfare } = users;
    await play(fanfare, graphqlTransportWs(), `C> {"type":"connection_init"}\nS> close 4403`);
    await play(fanfare, graphqlTransportWs(), `${toUsers}\nS> close 4401`);
  });
});
