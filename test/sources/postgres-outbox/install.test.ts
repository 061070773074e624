import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  installOutbox,
  outboxRemovalSql,
  outboxSql,
  postgresOutbox,
  uninstallOutbox,
} from "../../../src/sources/postgres-outbox.ts";
import { places, type TestDatabase, type TestPlace } from "./databases.ts";
import { Reading } from "./reading.ts";

/** All objects that an installation can create. */
const inventory = `
  select 'table ' || c.oid::regclass || ' ' || coalesce(c.relacl::text, '') || ' ' || coalesce(c.reloptions::text, '') as thing
  from pg_class c where relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_|^information_schema')
  union all select 'column ' || attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod)
  from pg_attribute where attnum > 0 and attrelid in (select oid from pg_class where relnamespace not in
    (select oid from pg_namespace where nspname ~ '^pg_|^information_schema'))
  union all select 'function ' || p.oid::regprocedure || ' ' || coalesce(proacl::text, '') || ' ' || md5(prosrc)
    || coalesce(proconfig::text, '') || prosecdef::text
  from pg_proc p where pronamespace not in (select oid from pg_namespace where nspname ~ '^pg_|^information_schema')
  union all select 'trigger ' || pg_get_triggerdef(oid) || ' ' || tgenabled::text from pg_trigger where not tgisinternal
  union all select 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') from pg_namespace where nspname !~ '^pg_'
  order by 1`;

const tables = `
  create table cars (id int primary key, make text);
  create table logs (day int, primary key (day)) partition by range (day);
  create table logs_1 partition of logs for values from (0) to (10)`;

describe.each(places)("The outbox in $name", ({ start }) => {
  let place: TestPlace;
  let database: TestDatabase;

  beforeAll(async () => {
    place = await start();
  });

  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    database = await place.open();
    await database.run(tables);
  });

  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  const things = async (): Promise<readonly (string | null | undefined)[]> =>
    (await database.rows(inventory)).map((row) => row["thing"]);

  it("is installed by the function and by the printed SQL alike, and removed alike", async () => {
    const empty = await things();
    const options = { tables: ["cars", "logs"] };
    await installOutbox(database.client, options);
    const installed = await things();
    expect(installed.length).toBeGreaterThan(empty.length);
    await uninstallOutbox(database.client);
    expect(await things()).toEqual(empty);
    await database.run(outboxSql(options));
    expect(await things()).toEqual(installed);
    await database.run(outboxRemovalSql());
    expect(await things()).toEqual(empty);
  });

  it("can be installed twice, and removed twice (idempotent)", async () => {
    const empty = await things();
    const options = { tables: ["cars", "logs"] };
    await installOutbox(database.client, options);
    const installed = await things();
    await database.run("insert into cars values (1, 'a')");
    await installOutbox(database.client, options);
    await database.run(outboxSql(options));
    expect(await things()).toEqual(installed);
    await using reading = new Reading(postgresOutbox({ client: database.client, ...options }));
    await reading.until(1);
    await reading[Symbol.asyncDispose]();
    for (let times = 0; times < 2; times += 1) await uninstallOutbox(database.client);
    expect(await things()).toEqual(empty);
  });

  it("is installed in one transaction", async () => {
    const empty = await things();
    const install = installOutbox(database.client, { tables: ["cars", "no such table"] });
    await expect(install).rejects.toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringContaining(`there is no table public."no such table"`),
    });
    expect(await things()).toEqual(empty);
  });

  it("can capture further tables, and fewer", async () => {
    const whole = { tables: ["cars", "logs"] };
    await installOutbox(database.client, { tables: ["cars"] });
    await installOutbox(database.client, { tables: ["logs"] });
    const installed = await things();
    await uninstallOutbox(database.client, { tables: ["logs"] });
    await using reading = new Reading(postgresOutbox({ client: database.client, tables: ["cars"] }));
    await database.run("insert into logs values (1); insert into cars values (1); truncate logs; delete from cars");
    await reading.until(2);
    expect(reading.changes.map(({ table }) => table.name)).toEqual(["cars", "cars"]);
    await installOutbox(database.client, whole);
    expect(await things()).toEqual(installed);
  });

  it("is installed in the given schema, which stays if it contains anything else", async () => {
    await database.run("create schema other; create table other.mine (n int)");
    const empty = await things();
    const schema = "other";
    await installOutbox(database.client, { tables: ["cars"], schema });
    await using reading = new Reading(postgresOutbox({ client: database.client, tables: ["cars"], schema }));
    await database.run(`insert into cars values (1); select other.publish('a', '1')`);
    await reading.until(2);
    await reading[Symbol.asyncDispose]();
    await uninstallOutbox(database.client, { schema });
    expect(await things()).toEqual(empty);
  });

  it("is installed by the source by option, and not again", async () => {
    const options = { client: database.client, tables: ["cars"], install: true };
    for (let times = 1; times <= 2; times += 1) {
      await using reading = new Reading(postgresOutbox(options));
      await reading.leading();
      await database.run(`insert into cars values (${times})`);
      expect(await reading.until(1)).toHaveLength(1);
    }
  });

  it("wakes its reader by NOTIFY by option", async () => {
    await installOutbox(database.client, { tables: ["cars"], notify: true });
    // Without NOTIFY the next poll would be in a minute.
    await using reading = new Reading(postgresOutbox({ client: database.client, notify: true, poll: 60_000 }));
    await reading.leading();
    for (let id = 1; id <= 3; id += 1) {
      await database.run(`insert into cars values (${id})`);
      await reading.until(id);
    }
    await database.run("truncate cars");
    await reading.until(6);
    await database.rows("select fanfare.publish('a', '1')");
    expect(await reading.until(7)).toHaveLength(7);
  });

  it("refuses an option outside its range by its name", () => {
    const { client } = database;
    const wrong: readonly (readonly [() => unknown, string])[] = [
      [() => postgresOutbox({ client, schema: 'a"b' }), "schema must be 1 to 40 of a to z, digits and _"],
      [() => postgresOutbox({ client, poll: 0 }), "poll must be a whole number from 1 to 60000, not 0"],
      [() => postgresOutbox({ client, batch: 1.5 }), "batch must be a whole number from 1 to 100000, not 1.5"],
      [() => postgresOutbox({ client, lease: Infinity }), "lease must be a whole number from 300 to 60000"],
      [() => outboxSql({ tables: [""] }), `"" is no table: give a name, or { schema, name }`],
      [() => outboxSql({ tables: [{ schema: "", name: "a" }] }), "is no table"],
    ];
    for (const [make, message] of wrong)
      expect(make).toThrow(expect.objectContaining({ code: "BAD_OPTION", message: expect.stringContaining(message) }));
  });
});
