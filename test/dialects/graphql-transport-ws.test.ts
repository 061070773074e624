import * as fc from "fast-check";
import { validateMessage } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { graphqlTransportWs as dialect } from "../../src/dialects/graphql-transport-ws.ts";

const decode = (message: unknown) => dialect.decode(JSON.stringify(message));
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const sent = (bytes: Uint8Array | undefined): unknown => JSON.parse(text(bytes));
const query = "{ hi }";
const subscribe = (payload: unknown) => ({ type: "subscribe", id: "1", payload });

/** The ids by name: words with a meaning in JavaScript, long ones, and ones that JSON must escape. */
const ids = ["1", "__proto__", "constructor", "toString", "ключ🏊", "x".repeat(200), 'a"b\\c\u2028\n'];

describe("decoding graphql-transport-ws", () => {
  it("knows connection_init with and without a payload", () => {
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

  it.each(["ping", "pong"])("knows %s with and without a payload", (type) => {
    expect(decode({ type })).toEqual({ type, payload: undefined });
    expect(decode({ type, payload: { a: 1 } })).toEqual({ type, payload: { a: 1 } });
  });

  it("knows subscribe", () => {
    const request = { query, operationName: "A", variables: { v: 1 }, extensions: { e: 2 } };
    expect(decode({ type: "subscribe", id: "1", payload: request })).toEqual({
      type: "subscribe",
      id: "1",
      request,
    });
  });

  it("takes null in a subscribe as absent", () => {
    const nulls = { operationName: null, variables: null, extensions: null };
    expect(decode({ type: "subscribe", id: "1", payload: { query, ...nulls } })).toEqual({
      type: "subscribe",
      id: "1",
      request: { query, operationName: undefined, variables: undefined, extensions: undefined },
    });
  });

  it("knows complete", () => {
    expect(decode({ type: "complete", id: "1" })).toEqual({ type: "complete", id: "1" });
  });

  it.each(ids)("takes %j as an ordinary id", (id) => {
    expect(decode({ type: "complete", id })).toEqual({ type: "complete", id });
    expect(decode({ type: "subscribe", id, payload: { query } })).toMatchObject({ id });
  });

  it("lets unknown properties pass", () => {
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
  ])("refuses %j and says why", (message, reason) => {
    const raw = typeof message === "string" ? message : JSON.stringify(message);
    expect(dialect.decode(raw)).toEqual({ type: "invalid", reason });
  });

  it("quotes a client's text only in part, with control characters escaped", () => {
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
  it("leaves an absent payload out", () => {
    expect(text(dialect.encode({ type: "ack", payload: undefined }))).toBe('{"type":"connection_ack"}');
    expect(text(dialect.encode({ type: "ping", payload: undefined }))).toBe('{"type":"ping"}');
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
  ])("writes %j as the protocol has it", (message, expected) => {
    const written = sent(dialect.encode(message));
    expect(written).toEqual(expected);
    expect(() => validateMessage(written)).not.toThrow();
  });

  it.each(ids)("wraps results of operation %j in bytes made once", (id) => {
    const { head, tail } = dialect.envelope(id);
    const result = Buffer.from('{"data":{"hi":"ключ"}}');
    const message = sent(Buffer.concat([head, result, tail]));
    expect(message).toEqual({ id, type: "next", payload: { data: { hi: "ключ" } } });
    expect(() => validateMessage(message)).not.toThrow();
  });

  it("begins the envelope as the protocol's documents show it", () => {
    const { head, tail } = dialect.envelope("7");
    expect([text(head), text(tail)]).toEqual(['{"id":"7","type":"next","payload":', "}"]);
  });
});
