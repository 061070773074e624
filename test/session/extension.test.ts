import { describe, expect, it } from "vitest";
import { withExtension } from "../../src/outbox/outbox.ts";

function extended(text: string, fanfare: object): string {
  return new TextDecoder().decode(withExtension(new TextEncoder().encode(text), fanfare));
}

const gap = { gap: { reason: "overflow" } };

describe("A result with something to tell", () => {
  it.each([
    {
      what: "data alone",
      text: '{"data":{"a":1}}',
      expected: '{"extensions":{"fanfare":{"gap":{"reason":"overflow"}}},"data":{"a":1}}',
    },
    {
      what: "extensions of others",
      text: '{"data":{"a":1},"extensions":{"took":1}}',
      expected: '{"extensions":{"took":1,"fanfare":{"gap":{"reason":"overflow"}}},"data":{"a":1}}',
    },
    {
      what: "errors",
      text: '{"errors":[{"message":"no"}],"data":null}',
      expected: '{"extensions":{"fanfare":{"gap":{"reason":"overflow"}}},"errors":[{"message":"no"}],"data":null}',
    },
    {
      what: "extensions that are no object",
      text: '{"data":null,"extensions":null}',
      expected: '{"extensions":{"fanfare":{"gap":{"reason":"overflow"}}},"data":null}',
    },
  ])("has it before the data, PROTOCOL 8.1: $what", ({ text, expected }) => {
    expect(extended(text, gap)).toBe(expected);
  });
});
