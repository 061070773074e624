import { GraphQLError } from "graphql";
import { describe, expect, it } from "vitest";
import { formatResult, resultText, type FormatResponse } from "../../../src/engine/execution/result.ts";
import { maskError } from "../../../src/engine/execution/error-format.ts";
import { NotingLog } from "../../server/noting-log.ts";
import { failing } from "../../session/ticks.ts";

const request = { query: "{ a }" };

function textOf(
  result: Parameters<typeof formatResult>[0],
  formatResponse?: FormatResponse,
  log = new NotingLog(),
): string {
  return resultText(formatResult(result, request, { formatError: maskError, formatResponse, log }, {}), log, {});
}

const forgetful: FormatResponse = () => JSON.parse("null");
const withQuery: FormatResponse = (result, { query }) => ({ ...result, extensions: { query } });

describe("A result", () => {
  it("is the JSON of its data, with errors formatted and before it", () => {
    expect(textOf({ data: { a: 1, b: "é\u2028" } })).toBe('{"data":{"a":1,"b":"é\u2028"}}');
    const errors = [new GraphQLError("meant"), new GraphQLError("db", { originalError: new Error("db") })];
    expect(textOf({ data: null, errors })).toBe(
      '{"errors":[{"message":"meant"},{"message":"Internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null}',
    );
  });

  it("is what the application makes of it, which is told the request", () => {
    expect(textOf({ data: { a: 1 } }, withQuery)).toBe('{"data":{"a":1},"extensions":{"query":"{ a }"}}');
  });

  it("is an error, and the operator is told, when the application fails to format it", () => {
    const log = new NotingLog();
    const [error] = [{ message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } }];
    expect(JSON.parse(textOf({ data: { a: 1 } }, failing("undefined is not a function"), log))).toEqual({
      errors: [error],
    });
    expect(log.messages).toEqual(["formatResponse failed"]);
  });

  it("is an error when the application, in plain JavaScript, forgets to return it", () => {
    const log = new NotingLog();
    expect(JSON.parse(textOf({ data: { a: 1 } }, forgetful, log))).toMatchObject({
      errors: [{ message: "Internal server error" }],
    });
    expect(log.messages).toEqual(["formatResponse failed"]);
  });

  const circle: Record<string, unknown> = {};
  circle["self"] = circle;

  it.each([
    { what: "a bigint", value: 1n },
    { what: "a circle", value: circle },
  ])("that holds $what has no JSON: it is an error, and the operator is told", ({ value }) => {
    const log = new NotingLog();
    expect(JSON.parse(textOf({ data: { value } }, undefined, log))).toEqual({
      errors: [{ message: "Internal server error", extensions: { code: "INTERNAL_SERVER_ERROR" } }],
      data: null,
    });
    expect(log.messages).toEqual(["A result has no JSON"]);
  });
});
