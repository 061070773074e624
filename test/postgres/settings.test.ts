import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  catalogPath,
  equalText,
  forConnection,
  forFunction,
  forTransaction,
  indexOrder,
  type Settings,
} from "../../src/postgres/settings.ts";
import { PostgresServer } from "../servers/postgres.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.open();
  // A role with all settings that change how values are printed.
  await server.psql(`create role peculiar login superuser;
    alter role peculiar set timezone = 'Asia/Kathmandu'; alter role peculiar set datestyle = 'German';
    alter role peculiar set intervalstyle = 'sql_standard'; alter role peculiar set bytea_output = 'escape';
    alter role peculiar set extra_float_digits = -10;
    create schema mine; create function mine.lower(text) returns text language sql as 'select ''mine''::text';
    alter role peculiar set search_path = mine, pg_catalog, public`);
});
afterAll(() => server[Symbol.asyncDispose]());

/** A value of each type whose text depends on a setting. */
const values = `'2026-03-04 05:06:07+00'::timestamptz::text || ' ' || '2026-03-04'::date::text || ' ' ||
  '1 day 02:03:04'::interval::text || ' ' || '\\x00ff'::bytea::text || ' ' || (0.1::float8 + 0.2)::text`;

const equal = "2026-03-04 05:06:07+00 2026-03-04 1 day 02:03:04 \\x00ff 0.30000000000000004";

async function connected<Result>(use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = await server.client({ user: "peculiar" });
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function textOf(client: Client, expression: string): Promise<string | undefined> {
  const { rows } = await client.query<{ text: string }>(`select ${expression} as text`);
  return rows[0]?.text;
}

describe("Settings", () => {
  it("for equal text have that effect in a connection, and others do not", async () => {
    await connected(async (client) => {
      expect(await textOf(client, values)).not.toBe(equal);
      for (const statement of forConnection(equalText)) await client.query(statement);
      expect(await textOf(client, values)).toBe(equal);
    });
  });

  it.each(Object.keys(equalText))("need %s for equal text", async (name) => {
    const others: Settings = Object.fromEntries(Object.entries(equalText).filter(([other]) => other !== name));
    await connected(async (client) => {
      for (const statement of forConnection(others)) await client.query(statement);
      expect(await textOf(client, values)).not.toBe(equal);
    });
  });

  it("of a transaction hold until its end", async () => {
    await connected(async (client) => {
      await client.query(`begin; ${forTransaction(equalText)}`);
      expect(await textOf(client, values)).toBe(equal);
      await client.query("commit");
      expect(await textOf(client, values)).not.toBe(equal);
    });
  });

  it("of a function hold while it runs", async () => {
    await connected(async (client) => {
      await client.query(`create function pg_temp.printed() returns text language plpgsql
        ${forFunction({ ...catalogPath, ...equalText })} as $$ begin return ${values}; end $$`);
      expect(await textOf(client, "pg_temp.printed()")).toBe(equal);
      expect(await textOf(client, values)).not.toBe(equal);
    });
  });

  it("prevent other objects, temporary ones included, from shadowing PostgreSQL's own", async () => {
    await connected(async (client) => {
      await client.query("create temporary table pg_class as select 'mine' as relname");
      const found = "lower('A') || (select count(*) from pg_class where relname = 'mine')";
      expect(await textOf(client, found)).toBe("mine1");
      await client.query(`begin; ${forTransaction(catalogPath)}`);
      expect(await textOf(client, found)).toBe("a0");
      await client.query("rollback");
    });
  });

  it("make a query use the index of a table that had few rows when it was analysed", async () => {
    await connected(async (client) => {
      await client.query(`create temporary table queue (id int primary key);
        insert into queue values (1); analyze queue`);
      const plan = async (): Promise<string> => {
        const { rows } = await client.query("explain select * from queue order by id limit 10");
        return JSON.stringify(rows);
      };
      expect(await plan()).toMatch(/Seq Scan/);
      await client.query(`begin; ${forTransaction(indexOrder)}`);
      expect(await plan()).toMatch(/Index (Only )?Scan/);
      await client.query("commit");
    });
  });
});
