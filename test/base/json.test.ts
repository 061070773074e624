import { describe, expect, it } from "vitest";
import { parseObject } from "../../src/base/json.ts";

describe("A message in JSON", () => {
  it("is an object", () => {
    expect(parseObject('{"a":1}')).toEqual({ object: { a: 1 } });
  });

  it.each(["", "{", "{'a':1}", "undefined", '{"a":1}x', "\u0000"])("is refused as %j", (text) => {
    expect(parseObject(text)).toEqual({ problem: "Not valid JSON" });
  });

  it.each(["null", "1", '"text"', "[]", "[{}]", "true"])("is refused as %s", (text) => {
    expect(parseObject(text)).toEqual({ problem: "Not a JSON object" });
  });

  it.each([
    '{"__proto__":{}}',
    '{"a":[{"b":{"__proto__":null}}]}',
    '{"\\u005f\\u005fproto__":1}',
    '{"__pr\\u006Fto__":1}',
  ])("is refused with a key __proto__: %s", (text) => {
    expect(parseObject(text)).toEqual({ problem: 'The key "__proto__" is not allowed' });
  });

  it.each(['{"id":"__proto__"}', '{"constructor":1,"prototype":2}', '{"a":"\\u00e9"}'])("may contain %s", (text) => {
    expect(parseObject(text)).toEqual({ object: JSON.parse(text) });
  });

  it("may be nested more deeply than the stack allows", () => {
    const depth = 200_000;
    const text = `{"__proto__x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(() => parseObject(text)).not.toThrow();
  });
});
