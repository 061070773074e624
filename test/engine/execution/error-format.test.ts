import { buildSchema, graphql, GraphQLError, Source } from "graphql";
import { describe, expect, it } from "vitest";
import { errorFormatter, maskError, toGraphQLError } from "../../../src/engine/execution/error-format.ts";
import { NotingLog } from "../../server/noting-log.ts";
import { failing } from "../../session/ticks.ts";

const masked = { message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } };

/** An error as graphql-js wraps what a resolver threw. */
function wrapped(originalError: Error): GraphQLError {
  return new GraphQLError(originalError.message, {
    originalError,
    path: ["a", 0],
    source: new Source("{ a }"),
    positions: [2],
  });
}

describe("An error", () => {
  it("that was meant for clients keeps its words and extensions, however deep it was wrapped, PROTOCOL 9.2", () => {
    const meant = new GraphQLError("Sold out", { extensions: { code: "SOLD_OUT" } });
    expect(maskError(meant)).toEqual({ message: "Sold out", extensions: { code: "SOLD_OUT" } });
    const expected = {
      message: "Sold out",
      extensions: { code: "SOLD_OUT" },
      path: ["a", 0],
      locations: [{ line: 1, column: 3 }],
    };
    expect(maskError(wrapped(meant))).toEqual(expected);
    expect(maskError(wrapped(wrapped(meant)))).toEqual(expected);
  });

  it("of any other kind is masked, and keeps its place alone", () => {
    const leak = new TypeError("db-7.internal: password 'x' refused");
    expect(maskError(new GraphQLError(leak.message, { originalError: leak }))).toEqual(masked);
    const expected = { ...masked, path: ["a", 0], locations: [{ line: 1, column: 3 }] };
    expect(maskError(wrapped(leak))).toEqual(expected);
    expect(maskError(wrapped(wrapped(leak)))).toEqual(expected);
  });

  it.each(["text", 0, null, undefined, { toString: "no function" }, Object.create(null), Symbol("s"), new Error("e")])(
    "may be anything that can be thrown, such as %o, and is masked then",
    (thrown) => {
      expect(maskError(toGraphQLError(thrown))).toEqual(masked);
    },
  );

  it("of graphql-js about a value of a resolver is masked, since it quotes the value", async () => {
    const secret = { apiKey: "sk-live-123" };
    const schema = buildSchema(`
      interface Named { name: String } type Thing implements Named { name: String } type Odd { name: String }
      enum Color { RED }
      type Query { text: String int: Int float: Float open: Boolean id: ID color: Color odd: Odd named: Named other: Named }
    `);
    Object.assign(schema.getType("Odd") ?? {}, { isTypeOf: () => false });
    Object.assign(schema.getType("Named") ?? {}, { resolveType: (value: object) => Reflect.get(value, "type") });
    const { errors = [] } = await graphql({
      schema,
      source: "{ text int float open id color odd { name } named { name } other { name } }",
      rootValue: {
        ...Object.fromEntries(["text", "int", "float", "open", "id", "color", "odd"].map((name) => [name, secret])),
        named: { ...secret, type: "Odd" },
        other: secret,
      },
    });
    expect(errors).toHaveLength(9);
    const log = new NotingLog();
    for (const error of errors) expect(errorFormatter(maskError, log)(error)).toMatchObject(masked);
    expect(log.entries).toHaveLength(9);
  });

  it("of graphql-js about what a client sent keeps its words", () => {
    const message = "Int cannot represent non-integer value: abc";
    const error = new GraphQLError(message, { extensions: { code: "GRAPHQL_VALIDATION_FAILED" } });
    expect(maskError(error)).toMatchObject({ message });
    const original = new GraphQLError('Int cannot represent non-integer value: "1"');
    const ofVariable = new GraphQLError(`Variable "$n" got invalid value "1"; ${original.message}`, {
      originalError: original,
      extensions: { code: "BAD_USER_INPUT" },
    });
    expect(maskError(ofVariable)).toMatchObject({ message: ofVariable.message });
  });

  it("that is a GraphQLError already stays the same", () => {
    const error = new GraphQLError("Sold out");
    expect(toGraphQLError(error)).toBe(error);
  });
});

function circular(): object {
  const request: Record<string, unknown> = {};
  request["response"] = { request };
  return request;
}

describe("A formatter of errors", () => {
  it("tells the operator about errors that were not meant, with their cause and place", () => {
    const log = new NotingLog();
    const format = errorFormatter(maskError, log);
    const cause = new Error("db");
    format(wrapped(cause));
    format(new GraphQLError("Sold out"));
    expect(log.entries).toEqual([
      { level: "error", message: "A resolver failed", details: { error: cause, path: ["a", 0] } },
    ]);
  });

  it("is the application's own, if it has one", () => {
    const format = errorFormatter(({ message }) => ({ message: message.toUpperCase() }), new NotingLog());
    expect(format(wrapped(new Error("no")))).toEqual({ message: "NO" });
  });

  it.each([
    ["a bigint", { id: 10n }],
    ["a circular reference", circular()],
    ["a toJSON that throws", { toJSON: failing("toJSON") }],
  ])("masks an error whose extensions have %s, and keeps its place, PROTOCOL 9.2", (_, extensions) => {
    const log = new NotingLog();
    const error = wrapped(new GraphQLError("Sold out", { extensions: { detail: extensions } }));
    const place = { session: "7", operation: "Buy" };
    const expected = { ...masked, path: ["a", 0], locations: [{ line: 1, column: 3 }] };
    expect(errorFormatter(maskError, log)(error, place)).toEqual(expected);
    expect(log.entries).toEqual([
      {
        level: "error",
        message: "An error for a client has no JSON",
        details: { error, cause: expect.any(Error), path: ["a", 0], ...place },
      },
    ]);
  });

  it("gives plain data, which is read once from the application's objects", () => {
    let reads = 0;
    const detail = { toJSON: () => (reads += 1) };
    const format = errorFormatter(maskError, new NotingLog());
    const formatted = format(new GraphQLError("Sold out", { extensions: { detail } }));
    expect(JSON.stringify([formatted, formatted])).toContain('{"message":"Sold out","extensions":{"detail":1}}');
    expect(reads).toBe(1);
  });

  it("that fails masks the error", () => {
    const log = new NotingLog();
    expect(errorFormatter(failing("formatter"), log)(new GraphQLError("Sold out"))).toEqual(masked);
    expect(log.messages).toEqual(["formatError failed"]);
  });
});
