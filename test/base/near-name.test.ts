import { describe, expect, it } from "vitest";
import { nearName } from "../../src/base/near-name.ts";

const names = ["onConnect", "onDisconnect", "onOperation", "log", "id", "news"];

describe("A misspelt name", () => {
  it.each([
    ["onConect", "onConnect"],
    ["onconnect", "onConnect"],
    ["onDisconect", "onDisconnect"],
    ["onOperatoin", "onOperation"],
    ["logg", "log"],
    ["nwes", "news"],
    ["ID", "id"],
  ])("%s stands for %s", (given, meant) => {
    expect(nearName(given, names)).toBe(meant);
  });

  it.each(["", "it", "get", "connectionInit", "x".repeat(100_000)])("is not guessed at from far away: %s", (given) => {
    expect(nearName(given, names)).toBeUndefined();
  });
});
