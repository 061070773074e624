import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FanfareError } from "../../../src/base/error.ts";
import {
  installReplication,
  postgresReplication,
  replicationRemovalSql,
  replicationSql,
  uninstallReplication,
  type ReplicationOptions,
} from "../../../src/sources/postgres-replication.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import { Capture, CapturedDatabase, eventually, openServer, table } from "./capture.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const cars = "create table cars (id int primary key, make text)";

/** Why a source does not start: what it says that the database lacks. */
async function refusal(database: CapturedDatabase, options: Partial<ReplicationOptions> = {}): Promise<string> {
  await using capture = new Capture(database, options);
  const error = await capture.failure();
  return error instanceof FanfareError && error.code === "SOURCE_NOT_READY"
    ? error.message
    : `not refused: ${String(error)}`;
}

describe("postgresReplication refuses", () => {
  it("a server without `wal_level = logical` or without a limit for slots", async () => {
    await using own = await openServer({ wal_level: "replica", max_slot_wal_keep_size: -1 });
    await using database = await CapturedDatabase.open(own, cars, [table("cars")]);
    expect(await refusal(database)).toMatch("set wal_level = logical in postgresql.conf and restart PostgreSQL");
    expect(await refusal(database)).toMatch("max_slot_wal_keep_size is unlimited");
    expect(await refusal(database, { unboundedSlot: true })).toMatch(
      /^postgres-replication: wal_level is replica[^;]*$/,
    );
  });

  it("a database without the installation", async () => {
    await using database = await CapturedDatabase.open(server, cars, []);
    await database.pool.query("drop publication fanfare; drop schema fanfare cascade");
    expect(await refusal(database, { tables: ["cars"] })).toMatch(
      "there is no publication fanfare: run installReplication",
    );
    await database.pool.query("create publication fanfare for table cars; alter table cars replica identity full");
    expect(await refusal(database, { tables: ["cars"] })).toMatch("Run installReplication");
  });

  it("missing tables, views, unpublished tables, and tables that do not log their old rows", async () => {
    const sql = `${cars}; create table parts (id int primary key); create view seen as select * from cars;
      create table split (id int) partition by range (id); create table part partition of split default`;
    await using database = await CapturedDatabase.open(server, sql, [table("cars"), table("split")]);
    expect(await refusal(database, { tables: ["cars", "bikes"] })).toMatch("there is no table public.bikes");
    expect(await refusal(database, { tables: [table("cars", "other")] })).toMatch("there is no table other.cars");
    expect(await refusal(database, { tables: ["seen"] })).toMatch("there is no table public.seen");
    expect(await refusal(database, { tables: ["parts"] })).toMatch(
      "the table public.parts is not in the publication fanfare",
    );
    await database.pool.query("alter table cars replica identity default; alter table part replica identity nothing");
    expect(await refusal(database, { tables: ["cars"] })).toMatch("alter table public.cars replica identity full");
    expect(await refusal(database, { tables: ["split"] })).toMatch(
      "the table public.split has no full replica identity",
    );
  });

  it("a publication that leaves out some operations or columns", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await database.pool.query("alter publication fanfare set (publish = 'insert, update')");
    expect(await refusal(database)).toMatch("must publish insert, update, delete and truncate");
  });

  it("a role without the right to replicate, or to use the installation", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await database.pool.query("create role plain login; grant pg_read_all_data to plain");
    const connect: ReplicationOptions["connect"] = (mode) =>
      new Client({ ...server.login({ database: database.name, user: "plain" }), ...mode });
    expect(await refusal(database, { connect })).toMatch("Run: alter role … replication");
    const pool = server.pool({ database: database.name, user: "plain" });
    expect(
      await refusal(database, {
        client: pool,
      }),
    ).toMatch(/permission denied for (schema fanfare|table replication).* Grant the right/);
    await pool.end();
  });

  it("a connection that is not in replication mode", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    const connect = (): Client => new Client(server.login({ database: database.name }));
    expect(await refusal(database, { connect })).toMatch(
      'Make it with replication: "database", and directly to PostgreSQL',
    );
  });

  it("a pooler without replication, by its name", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using pooler = await Pooler.open();
    const connect: ReplicationOptions["connect"] = (mode) =>
      new Client({ host: "127.0.0.1", port: pooler.port, user: "postgres", database: database.name, ...mode });
    expect(await refusal(database, { connect })).toMatch(
      /unsupported startup parameter: replication.*poolers such as PgBouncer/,
    );
  });

  it("a slot of another database or plugin", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await using other = await CapturedDatabase.open(server, cars, [table("cars")]);
    await database.pool.query("select pg_create_logical_replication_slot($1, 'test_decoding')", [database.slot]);
    expect(await refusal(database)).toMatch("is of the plugin test_decoding");
    await other.pool.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [other.slot]);
    expect(await refusal(database, { slot: other.slot })).toMatch(`in the database ${other.name}`);
  });

  it("a slot that another program reads", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    const capture = new Capture(database);
    await capture.ready();
    await database.pool.query("delete from fanfare.replication");
    expect(await refusal(database)).toMatch("is read by something else: choose another name for it");
    await capture[Symbol.asyncDispose]();
  });

  it("and continues by itself when the cause is gone", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    await database.pool.query("alter table cars replica identity default");
    await using source = database.source();
    const signal = new AbortController().signal;
    await expect(source.changes(signal).next()).rejects.toMatchObject({ code: "SOURCE_NOT_READY" });
    await database.install();
    const changes = source.changes(signal);
    const next = changes.next();
    await eventually(() => database.isRead());
    await database.pool.query("insert into cars values (1)");
    expect((await next).value?.changes).toHaveLength(1);
    await changes.return?.();
  });

  it("options outside their range", async () => {
    await using database = await CapturedDatabase.open(server, cars, [table("cars")]);
    const { pool: client } = database;
    const required = { client, connect: unused, tables: ["cars"] };
    const wrong: readonly [Partial<ReplicationOptions>, string][] = [
      [{ slot: "Fan" }, 'slot must be 1 to 63 lower-case letters, digits and _, not "Fan"'],
      [{ tables: [] }, "tables must be at least one table"],
      [{ tables: [""] }, "is no table"],
      [{ batch: 0 }, "batch must be a whole number from 1 to 100000, not 0"],
      [{ lease: 100 }, "lease must be a whole number from 300 to 60000, not 100"],
    ];
    for (const [options, message] of wrong) {
      expect(() => postgresReplication({ ...required, ...options })).toThrow(
        expect.objectContaining<Partial<FanfareError>>({
          code: "BAD_OPTION",
          message: expect.stringContaining(message),
        }),
      );
    }
  });
});

function unused(): Client {
  throw new Error("Nothing is to be connected");
}

describe("installReplication", () => {
  const names = [table("T'a\"b\\le$$", "My $schema$"), table("cars")];
  const sql = `create schema "My $schema$"; create table "My $schema$"."T'a""b\\le$$" (id int primary key); ${cars}`;

  it("can be run again with more tables, and be undone", async () => {
    await using database = await CapturedDatabase.open(server, sql, names.slice(0, 1));
    const options = { schema: "my Fan's $$", publication: 'my "Pub\'s" $$' };
    await installReplication(database.pool, { tables: names, ...options });
    await installReplication(database.pool, { tables: names, ...options });
    await using capture = new Capture(database, { tables: names, ...options });
    await capture.ready();
    await database.pool.query(`insert into "My $schema$"."T'a""b\\le$$" values (1); insert into cars values (2)`);
    await database.pool.query(`select "my Fan's $$".publish('topic', '1')`);
    await capture.until(({ length }) => length === 3);
    await expect(uninstallReplication(database.pool, { ...options, slots: [database.slot] })).rejects.toMatchObject({
      message: expect.stringContaining("is active"),
    });
    await capture.stop();
    // The server releases the slot a moment after the connection has ended.
    await eventually(async () => !(await database.isRead()));
    await uninstallReplication(database.pool, { ...options, slots: [database.slot] });
    await uninstallReplication(database.pool);
    const { rows } = await database.pool.query(`select nspname from pg_namespace where nspname ilike '%fan%'
      union select pubname from pg_publication union select slot_name from pg_replication_slots where database = current_database()`);
    expect(rows).toEqual([]);
  });

  it("runs the SQL of replicationSql", async () => {
    await using database = await CapturedDatabase.open(server, sql, []);
    await server.psql(replicationRemovalSql(), { database: database.name });
    await server.psql(replicationSql({ tables: names }), { database: database.name });
    await using capture = new Capture(database, { tables: names });
    await capture.ready();
    expect(capture.states).toEqual(["leading"]);
  });

  it("does not replace an outbox", async () => {
    await using database = await CapturedDatabase.open(server, "create schema b; create table b.outbox (seq int)", []);
    await expect(installReplication(database.pool, { tables: [], schema: "b" })).rejects.toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringContaining("holds an outbox"),
    });
  });

  it("names a missing table", async () => {
    await using database = await CapturedDatabase.open(server, cars, []);
    await expect(installReplication(database.pool, { tables: ["cars", "bikes"] })).rejects.toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringContaining("bikes"),
    });
    const { rows } = await database.pool.query("select relreplident from pg_class where relname = 'cars'");
    expect(rows).toEqual([{ relreplident: "d" }]);
  });
});

/** A pooler that refuses an unknown startup parameter, as PgBouncer does. */
class Pooler implements AsyncDisposable {
  readonly #server = createServer((socket) => this.#accept(socket));

  static async open(): Promise<Pooler> {
    const pooler = new Pooler();
    pooler.#server.listen(0, "127.0.0.1");
    await once(pooler.#server, "listening");
    return pooler;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(socket: Socket): void {
    socket.once("data", () => {
      const fields = "SFATAL\0C08P01\0Munsupported startup parameter: replication\0\0";
      const message = Buffer.alloc(5 + fields.length);
      message.write("E");
      message.writeUInt32BE(4 + fields.length, 1);
      message.write(fields, 5);
      socket.end(message);
    });
  }
}
