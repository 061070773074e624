import { createClient } from "graphql-ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { fanfare } from "../cli/command-line.ts";
import { PostgresServer } from "../servers/postgres.ts";
import { read } from "../source-file.ts";
import { Guide } from "./guide.ts";
import { Program } from "./program.ts";
import { Recipe } from "./recipe.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.open({ settings: { wal_level: "logical", max_slot_wal_keep_size: "1GB" } });
});

afterAll(() => server[Symbol.asyncDispose]());

/** A database with this name; answers its address. */
async function create(database: string): Promise<Readonly<Record<"DATABASE_URL", string>>> {
  await server.psql(`create database "${database}"`);
  return { DATABASE_URL: server.url({ database }) };
}

describe("docs/capture.md", () => {
  it("prints what it says", async () => {
    const guide = new Guide(read("docs/capture.md"));
    await using program = new Program(guide.whole, await create("capture"));
    expect(await program.output()).toBe(guide.output);
  });
});

describe.each(Recipe.all().map((recipe) => [`docs/${recipe.name}.md`, recipe] as const))("%s", (_, recipe) => {
  it("tells what it says", async () => {
    const environment = await create(recipe.name);
    const client = await server.client({ database: recipe.name });
    for (const statement of recipe.table) await client.query(statement);
    expect(await fanfare(recipe.command, { environment, input: "y\n" })).toMatchObject({ code: 0 });

    await using program = new Program(recipe.program.replace("port: 4000", "port: 0"), environment);
    const url = /ws:\S+/.exec(await program.line(/ws:/))?.[0] ?? "";
    const subscriber = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    const results = subscriber.iterate({ query: recipe.subscription });
    const first = results.next();
    // What starts later on this connection is answered later.
    for await (const result of subscriber.iterate({ query: "{ hi }" })) expect(result).toEqual({ data: { hi: null } });
    for (const statement of recipe.writes) await client.query(statement);
    const told: string[] = [];
    for (let next = first; told.length < recipe.told.length; next = results.next()) {
      const { value } = await next;
      told.push(JSON.stringify(value.data?.["carChanged"]));
    }
    expect(told).toEqual(recipe.told);
    await subscriber.dispose();
    await client.end();
  });
});
