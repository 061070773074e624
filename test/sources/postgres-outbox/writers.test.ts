import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installOutbox, postgresOutbox } from "../../../src/sources/postgres-outbox.ts";
import { PostgresPlace, type PostgresDatabase } from "./databases.ts";
import { Reading } from "./reading.ts";

let place: PostgresPlace;
let database: PostgresDatabase;

beforeAll(async () => {
  place = await PostgresPlace.start();
  await place.server.psql(
    "create role writer login; create role app login; create role relay login; create role owner login createrole",
  );
  database = await place.open();
  await database.run(`
    alter database ${database.name} owner to owner;
    grant all on schema public to owner;
    grant create, temporary on database ${database.name} to writer, app`);
  const owner = database.server.pool({ database: database.name, user: "owner" });
  await owner.query(
    "create table cars (id int primary key, make text); grant select, insert, update, delete, truncate on cars to writer",
  );
  await installOutbox(owner, { tables: ["cars"], readers: ["relay"], publishers: ["app"] });
  await owner.end();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

async function as(user: string): Promise<Client & AsyncDisposable> {
  const client = await database.server.client({ database: database.name, user });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** The SQLSTATE of a query's error. */
async function refusalOf(client: Client, text: string): Promise<unknown> {
  try {
    await client.query(text);
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

function relay(): Reading {
  const client = database.server.pool({ database: database.name, user: "relay", max: 2 });
  const source = postgresOutbox({ client, tables: ["cars"] });
  const close = source[Symbol.asyncDispose].bind(source);
  return new Reading(
    Object.assign(source, {
      [Symbol.asyncDispose]: async () => {
        await close();
        await client.end();
      },
    }),
  );
}

describe("A writer with rights on the table alone", () => {
  it("is captured by a reader with the rights of `readers`", async () => {
    await using writer = await as("writer");
    await using reading = relay();
    await writer.query("insert into cars values (1, 'a')");
    await writer.query("update cars set make = 'b'");
    await writer.query("delete from cars");
    await writer.query("insert into cars values (2, 'c')");
    await writer.query("truncate cars");
    await reading.until(5);
    expect(reading.changes.map(({ action }) => action)).toEqual([
      "CREATED",
      "UPDATED",
      "DELETED",
      "CREATED",
      "DELETED",
    ]);
  });

  it("can neither read the outbox, write to it, publish, nor use its functions for its own table", async () => {
    await using writer = await as("writer");
    await using app = await as("app");
    const refused = [
      "select * from fanfare.outbox",
      "insert into fanfare.outbox (kind) values ('CREATED')",
      "delete from fanfare.outbox",
      "update fanfare.outbox_progress set number = 9",
      "select * from fanfare.outbox_lease",
      "select fanfare.capture()",
      "select fanfare.capture_truncate()",
      "select fanfare.outbox_identity()",
      "create table fanfare.mine (n int)",
      `create trigger forged after insert on mine.cars for each row execute function fanfare.capture('public', 'cars', '')`,
      "create trigger forged before truncate on mine.cars execute function fanfare.capture_truncate('public', 'cars', '')",
    ];
    // A publisher has the right of usage on the schema, and no other.
    for (const client of [writer, app]) {
      await client.query("create schema mine; create table mine.cars (id int)");
      for (const text of refused)
        expect({ text, code: await refusalOf(client, text) }).toEqual({ text, code: "42501" });
      await client.query("drop schema mine cascade");
    }
    expect(await refusalOf(writer, "select fanfare.publish('a', '1')")).toBe("42501");
  });

  it("cannot shadow functions and operators by its search path", async () => {
    await using writer = await as("writer");
    await using reading = relay();
    await writer.query(`
      create schema if not exists mine;
      create table mine.seen (who text);
      grant all on schema mine to public; grant all on mine.seen to public;
      create function mine.to_jsonb(record) returns jsonb language plpgsql as
        $$ begin insert into mine.seen values (current_user); return '{}'; end $$;
      create function mine.to_jsonb(anyelement) returns jsonb language plpgsql as
        $$ begin insert into mine.seen values (current_user); return '{}'; end $$;
      create function mine.pg_current_xact_id() returns xid8 language plpgsql as
        $$ begin insert into mine.seen values (current_user); return '1'; end $$;
      create function mine.clock_timestamp() returns timestamptz language plpgsql as
        $$ begin insert into mine.seen values (current_user); return 'epoch'; end $$;
      create function mine.current_setting(text) returns text language plpgsql as
        $$ begin insert into mine.seen values (current_user); return 'serializable'; end $$;
      create function mine.same(record, record) returns boolean language plpgsql as
        $$ begin insert into mine.seen values (current_user); return true; end $$;
      create function mine.inner(jsonb, text) returns jsonb language plpgsql as
        $$ begin insert into mine.seen values (current_user); return '{}'; end $$;
      create operator mine.*= (leftarg = record, rightarg = record, function = mine.same);
      create operator mine.-> (leftarg = jsonb, rightarg = text, function = mine.inner);
      create table mine.outbox (like mine.seen);
      set search_path = mine, fanfare, public, pg_catalog`);
    await writer.query("insert into public.cars values (1, 'a')");
    await writer.query("update public.cars set make = 'b'");
    await writer.query("update public.cars set id = 2");
    await writer.query("truncate public.cars");
    await reading.until(5);
    expect(reading.changes.map(({ action, before, after }) => [action, before, after])).toEqual([
      ["CREATED", null, { id: "1", make: "a" }],
      ["UPDATED", { id: "1", make: "a" }, { id: "1", make: "b" }],
      ["DELETED", { id: "1", make: "b" }, null],
      ["CREATED", null, { id: "2", make: "b" }],
      ["DELETED", { id: "2", make: "b" }, null],
    ]);
    expect((await writer.query("select * from mine.seen")).rows).toEqual([]);
    await writer.query("drop schema mine cascade");
  });

  it("cannot shadow tables, types and functions by temporary ones", async () => {
    await using writer = await as("writer");
    await using reading = relay();
    await writer.query(`
      create temporary table outbox (kind text, moved boolean, table_schema text, table_name text, before jsonb, after jsonb);
      create temporary table cars (id int, make text);
      create temporary table pg_class (like pg_catalog.pg_class);
      create temporary table pg_trigger (like pg_catalog.pg_trigger);
      create type pg_temp.jsonb as (a int);
      create function pg_temp.to_jsonb(anyelement) returns text language sql as $$ select 'mine' $$;
      set search_path = pg_temp, public`);
    await writer.query("insert into public.cars values (1, 'a')");
    await writer.query("update public.cars set make = 'b'");
    await writer.query("truncate public.cars");
    await reading.until(3);
    expect(reading.changes.map(({ action }) => action)).toEqual(["CREATED", "UPDATED", "DELETED"]);
    expect((await writer.query("select * from outbox")).rows).toEqual([]);
  });

  it("cannot have the outbox installed in a schema that it has created beforehand", async () => {
    await using other = await place.open();
    await other.run(`grant create on database ${other.name} to writer; create table cars (id int primary key)`);
    const writer = await other.server.client({ database: other.name, user: "writer" });
    await writer.query("create schema fanfare");
    await writer.end();
    await expect(installOutbox(other.client, { tables: ["cars"] })).rejects.toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringContaining(`the schema "fanfare" belongs to another role`),
    });
  });
});

describe("A role", () => {
  it("that is a publisher can publish in its transactions, and cannot read", async () => {
    await using app = await as("app");
    await using reading = relay();
    await app.query("begin; select fanfare.publish('rooms', '1'); commit");
    await reading.until(1);
    expect(reading.captured).toMatchObject([{ kind: "event", topic: "rooms", payload: 1 }]);
    await expect(app.query("select fanfare.publish(null, '1')")).rejects.toThrow("publish: the topic is null");
  });

  it("without rights on the outbox gets an error that names them", async () => {
    const client = database.server.pool({ database: database.name, user: "writer", max: 1 });
    await using reading = new Reading(postgresOutbox({ client }));
    await reading.ended;
    expect(reading.error).toMatchObject({
      code: "SOURCE_NOT_READY",
      message: expect.stringMatching(/permission denied.*`readers` to read the outbox/),
    });
    await client.end();
  });

  it("that may read the outbox can begin a new epoch as well", async () => {
    await database.run("insert into cars values (8, 'y'); update fanfare.outbox_progress set identity = 'another'");
    await using lost = relay();
    await lost.ended;
    expect(lost.error).toMatchObject({ code: "SOURCE_LOST" });
    await using reading = relay();
    await reading.until(2);
    expect(reading.captured.map(({ kind }) => kind)).toEqual(["truncation", "change"]);
  });

  it("that writes as a logical replication subscriber is captured as well", async () => {
    const superuser = await database.server.client({ database: database.name });
    await using reading = relay();
    await superuser.query(
      "set session_replication_role = replica; insert into cars values (9, 'z'); delete from cars where id = 9",
    );
    await superuser.end();
    await reading.until(2);
    expect(reading.changes.map(({ action }) => action)).toEqual(["CREATED", "DELETED"]);
  });
});
