import { Pool } from "pg";
import { describe, expect, it } from "vitest";
import { quoted } from "../../src/base/quoted.ts";

class Room {
  readonly name = "lobby";
}

function listen(): void {}

describe("A value in a message", () => {
  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
    [Number.NaN, "NaN"],
    [7n, "7n"],
    [Symbol("a"), "Symbol(a)"],
    ["any", '"any"'],
    [[], "an empty list"],
    [[1, 2], "a list of 2"],
    [{}, "an empty object"],
    [{ host: "a", port: 1 }, "an object with host, port"],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, "an object with a, b, c, d, e …"],
    [listen, "a function listen"],
    [(() => () => {})(), "a function"],
    [Room, "the class Room"],
    [new Room(), "an instance of Room"],
    [new Pool(), "an instance of BoundPool"],
    [new Date(0), "an instance of Date"],
    [Promise.resolve(), "a promise"],
    [Object.create(null), "an empty object"],
  ])("%o is %s", (value, words) => {
    expect(quoted(value)).toBe(words);
  });

  it("is cut when it is a long text", () => {
    expect(quoted("a".repeat(1_000))).toHaveLength(63);
  });

  it("shows no password of a URL", () => {
    const shown = quoted("postgres://alice:secret@db.example.com/cars");
    expect(shown).toBe('"postgres://…@db.example.com/cars"');
    expect(quoted(`postgres://alice:${"s".repeat(100)}@db/cars`)).toBe('"postgres://…@db/cars"');
  });

  it("is described whatever it does when it is looked at", () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    expect(quoted(revoked.proxy)).toBe("an object");
    expect(quoted(Object.create(Object.create(null)))).toBe("an object");
  });
});
