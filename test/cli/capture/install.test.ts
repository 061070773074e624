import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PostgresServer } from "../../servers/postgres.ts";
import { fanfare, type CommandOptions, type Ending } from "../command-line.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.open({ settings: { wal_level: "logical" } });
  await server.psql("create role owner login; create role app login");
  await server.psql("create database garage owner owner");
});

afterAll(() => server[Symbol.asyncDispose]());

beforeEach(async () => {
  await owner(`drop schema if exists fanfare cascade; drop publication if exists fanfare;
    drop table if exists cars, "Odd.Name"; drop schema if exists shop cascade; create schema shop;
    create table cars (id int primary key, make text); create table shop.parts (id int primary key);
    create table "Odd.Name" (id int primary key); grant all on cars to app`);
});

function owner(sql: string): Promise<string> {
  return server.psql(sql, { database: "garage", user: "owner" });
}

/** Runs the command in the database `garage`. */
function run(args: readonly string[], { input }: CommandOptions = {}, user: string = "owner"): Promise<Ending> {
  const environment = { DATABASE_URL: server.url({ database: "garage", user }) };
  return fanfare(args, { environment, ...(input !== undefined && { input }) });
}

/** The tables with a trigger of the outbox. */
function captured(): Promise<string> {
  return owner(`select tgrelid::regclass from pg_trigger where tgname = 'fanfare_capture' order by 1`);
}

describe("fanfare install", () => {
  it("prints its SQL, names the database, and runs the SQL after a confirmation", async () => {
    const { code, output, errors } = await run(["install", "--table", "cars"], { input: "y\n" });
    expect(errors).toBe(
      `Run this in the database garage at 127.0.0.1:${server.port} as owner? [y/N] ` +
        "Done. Fanfare can capture public.cars.\n",
    );
    expect([code, output]).toEqual([0, (await fanfare(["install", "--table", "cars", "--print"])).output]);
    expect(output).toContain("create or replace trigger");
    await owner("insert into cars values (1, 'Saab')");
    expect(await owner("select kind, table_name, after from fanfare.outbox")).toBe(
      'CREATED|cars|{"id": 1, "make": "Saab"}',
    );
  });

  it.each(["n\n", "\n", ""])("changes nothing after the answer %j", async (input) => {
    const { code, errors } = await run(["install", "--table", "cars"], { input });
    expect([code, errors.split("\n").at(-2)]).toEqual([1, expect.stringMatching(/fanfare: nothing was changed$/)]);
    expect(await owner("select count(*) from pg_namespace where nspname = 'fanfare'")).toBe("0");
  });

  it("does not ask with --yes, and can be run again with more tables", async () => {
    expect(await run(["install", "--table", "public.cars", "--yes"])).toMatchObject({ code: 0 });
    const more = ["--table", "shop.parts", "-t", '"Odd.Name"', "-y"];
    expect(await run(["install", ...more])).toMatchObject({
      code: 0,
      errors: "Done. Fanfare can capture shop.parts, public.Odd.Name.\n",
    });
    expect(await captured()).toBe('cars\nshop.parts\n"Odd.Name"');
  });

  it("prints SQL that psql can run", async () => {
    const { output } = await fanfare(["install", "--table", "cars", "--print"]);
    await owner(output);
    expect(await captured()).toBe("cars");
  });

  it("gives roles their rights", async () => {
    await run(["install", "--table", "cars", "--reader", "app", "--publisher", "app", "--yes"]);
    const asApp = { database: "garage", user: "app" };
    await server.psql("select fanfare.publish('news', '1')", asApp);
    expect(await server.psql("select topic, payload from fanfare.outbox", asApp)).toBe("news|1");
  });

  it("names a missing table, and installs nothing", async () => {
    const { code, errors } = await run(["install", "--table", "cars", "--table", "trucks", "--yes"]);
    expect([code, errors]).toEqual([1, expect.stringContaining("there is no table public.trucks")]);
    expect(await owner("select count(*) from pg_namespace where nspname = 'fanfare'")).toBe("0");
  });

  it("names a missing right", async () => {
    const { code, errors } = await run(["install", "--table", "cars", "--yes"], {}, "app");
    expect([code, errors]).toEqual([1, expect.stringMatching(/^fanfare: .*permission denied/)]);
  });

  it("gives the reason of a failed connection", async () => {
    const args = ["install", "--table", "cars", "--yes", "--database-url"];
    const nobody = await fanfare([...args, server.url({ user: "nobody" })]);
    expect([nobody.code, nobody.errors]).toEqual([
      1,
      'fanfare: could not connect to the database: role "nobody" does not exist\n',
    ]);
    const nowhere = await fanfare([...args, server.url({ database: "nowhere" })]);
    expect(nowhere.errors).toBe('fanfare: could not connect to the database: database "nowhere" does not exist\n');
    const noServer = await fanfare([...args, "postgres://localhost:1/garage"]);
    expect(noServer.errors).toMatch(/^fanfare: could not connect to the database: connect ECONNREFUSED .*:1/);
  });

  it("sets replication up with --source replication", async () => {
    const args = ["install", "--source", "replication", "--table", "cars"];
    const { code, output } = await run(args, { input: "yes\n" }, "postgres");
    expect([code, output]).toEqual([0, (await fanfare([...args, "--print"])).output]);
    expect(output).toContain("create publication");
    expect(await owner("select schemaname, tablename from pg_publication_tables")).toBe("public|cars");
    expect(await owner("select relreplident from pg_class where relname = 'cars'")).toBe("f");

    await server.psql("select pg_create_logical_replication_slot('fanfare', 'pgoutput')", { database: "garage" });
    expect(await run(["uninstall", "--source", "replication", "--yes"], {}, "postgres")).toMatchObject({ code: 0 });
    expect(await owner("select count(*) from pg_publication")).toBe("0");
    expect(await owner("select count(*) from pg_replication_slots")).toBe("0");
  });
});

describe("fanfare uninstall", () => {
  beforeEach(async () => {
    await run(["install", "--table", "cars", "--table", "shop.parts", "--yes"]);
  });

  it("removes everything, after it has printed its SQL and asked", async () => {
    const { code, output, errors } = await run(["uninstall"], { input: "y\n" });
    expect([code, output]).toEqual([0, (await fanfare(["uninstall", "--print"])).output]);
    expect(output).toContain("drop table");
    expect(errors).toMatch(/^Run this in the database garage at .*\? \[y\/N\] Done\.\n$/);
    expect(await captured()).toBe("");
    expect(await owner("select count(*) from pg_namespace where nspname = 'fanfare'")).toBe("0");
    // A write would fail if a trigger were left.
    await owner("insert into cars values (1, 'Saab')");
  });

  it("removes only the named tables", async () => {
    expect(await run(["uninstall", "--table", "shop.parts", "--yes"])).toMatchObject({ code: 0 });
    expect(await captured()).toBe("cars");
    await owner("insert into cars values (1, 'Saab')");
    expect(await owner("select count(*) from fanfare.outbox")).toBe("1");
  });

  it("is idempotent", async () => {
    await run(["uninstall", "--yes"]);
    expect(await run(["uninstall", "--yes"])).toMatchObject({ code: 0, errors: "Done.\n" });
  });
});
