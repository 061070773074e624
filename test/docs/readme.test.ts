import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { files } from "../source-file.ts";
import { Markdown } from "./markdown.ts";
import { Program } from "./program.ts";

const readme = new Markdown("README.md");

describe("README.md, its example", () => {
  it("runs, and the stock client sees its events", async () => {
    const [program = ""] = readme.code("ts");
    const [query = ""] = readme.code("graphql");
    // The port of the example may be taken on the machine that tests it.
    await using server = new Program(program.replace("port: 4000", "port: 0"));
    const url = /ws:\S+/.exec(await server.line())?.[0] ?? "";
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    const results = client.iterate({ query });
    const { value } = await results.next();
    await client.dispose();
    expect(value).toEqual({ data: { messageAdded: { text: expect.stringMatching(/^\d{4}-/) } } });
  });

  it("is short", () => {
    const lines = (readme.code("ts")[0] ?? "").split("\n").filter((line) => line.trim() !== "");
    expect(lines.length).toBeLessThanOrEqual(24);
  });
});

describe("README.md, its table of rooms", () => {
  it("has every room, and no other", () => {
    const rooms = new Set(files("src/*/**/*.ts").map((file) => file.split("/").slice(0, 2).join("/")));
    const told = readme.table("Room").map((row) => row.get("Room")?.replaceAll("`", "") ?? "");
    expect(told.toSorted()).toEqual([...rooms].toSorted());
  });
});
