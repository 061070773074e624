import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Markdown } from "./markdown.ts";

describe("SECURITY.md", () => {
  it("names tests that exist, for each threat", () => {
    const rows = new Markdown("SECURITY.md").table("Threat", "Defence", "Held by");
    expect(rows.length).toBeGreaterThan(15);
    const named = rows.map((row) =>
      [...(row.get("Held by") ?? "").matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
    );
    expect(rows.filter((_, index) => named[index]?.length === 0).map((row) => row.get("Threat"))).toEqual([]);
    expect(named.flat().filter((name) => !existsSync(`test/${name}.test.ts`))).toEqual([]);
  });
});
