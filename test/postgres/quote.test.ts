import * as fc from "fast-check";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identifier, literal, tableIdentifier } from "../../src/postgres/quote.ts";
import { holds } from "../property-runs.ts";
import { PostgresServer } from "../servers/postgres.ts";

let server: PostgresServer;
let client: Client;
beforeAll(async () => {
  server = await PostgresServer.open();
  client = await server.client();
});
afterAll(async () => {
  await client.end();
  await server[Symbol.asyncDispose]();
});

/** Any text that PostgreSQL can store, often with characters that end a quotation or begin a comment. */
const part = fc.oneof(
  fc.constantFrom("'", '"', "\\", "''", "\\'", "$$", "$1", "--", "/*", ";", "\n"),
  fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
);
const text = fc.array(part).map((parts) => parts.join(""));

async function rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await client.query<Record<string, unknown>>(sql)).rows;
}

describe("A quoted string", () => {
  it.each(["on", "off"])("evaluates to the same text, with standard_conforming_strings %s", async (setting) => {
    await client.query(`set standard_conforming_strings = ${setting}; set escape_string_warning = off`);
    const property = fc.asyncProperty(text, async (value) => {
      expect(await rows(`select${literal(value)} as value`)).toEqual([{ value }]);
    });
    await holds(property, 200);
    await client.query("reset all");
  });
});

describe("A quoted name", () => {
  it("names the same object, up to PostgreSQL's 63 bytes", async () => {
    const name = text.filter((value) => value !== "" && Buffer.byteLength(value) < 64);
    const property = fc.asyncProperty(name, async (value) => {
      expect(await rows(`select 1 as ${identifier(value)}`)).toEqual([{ [value]: 1 }]);
    });
    await holds(property, 200);
  });

  it("may consist of a schema's and a table's", async () => {
    await client.query('create schema "a.b"; create table "a.b"."c""d" as select 1 as id');
    expect(await rows(`select id from ${tableIdentifier({ schema: "a.b", name: 'c"d' })}`)).toEqual([{ id: 1 }]);
  });
});
