import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { placeId } from "../../../src/contract/place.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import { Capture, CapturedDatabase, eventually, NotingLog, openServer, table } from "./capture.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const cars = "create table cars (id int primary key, make text)";

function openDatabase(at: PostgresServer = server): Promise<CapturedDatabase> {
  return CapturedDatabase.open(at, cars, [table("cars")]);
}

function insert(database: CapturedDatabase, from: number, to: number = from): Promise<unknown> {
  return database.pool.query("insert into cars select n, 'Saab' from generate_series($1::int, $2::int) n", [from, to]);
}

/** The ids of the created cars, in order. */
function created({ changes }: Capture): readonly number[] {
  return changes.map(({ after }) => Number(after?.["id"]));
}

function ids({ captured }: Capture): readonly string[] {
  return captured.map(({ place }) => placeId(place));
}

async function epochOf({ pool, slot }: CapturedDatabase): Promise<string> {
  const { rows } = await pool.query<{ epoch: string }>("select epoch from fanfare.replication where slot = $1", [slot]);
  return rows[0]?.epoch ?? "";
}

describe("postgresReplication: an unconfirmed batch", () => {
  it("is given again until it is confirmed", async () => {
    await using database = await openDatabase();
    await using source = database.source();
    const changes = source.changes(new AbortController().signal);
    const first = changes.next();
    await eventually(() => database.isRead());
    await insert(database, 1);
    const batch = await first;
    expect(await changes.next()).toEqual(batch);
    await batch.value?.confirm();
    await insert(database, 2);
    const { value: next } = await changes.next();
    expect(next?.changes).toMatchObject([{ after: { id: "2" } }]);
    await changes.return?.();
  });

  it("is read again later, with the same places", async () => {
    await using database = await openDatabase();
    const failing = new Capture(database);
    failing.onBatch = (batch) => {
      failing.captured.push(...batch.changes);
      throw new Error("The broker is away");
    };
    await failing.ready();
    await insert(database, 1, 5);
    expect(await failing.failure()).toMatchObject({ message: "The broker is away" });
    await failing[Symbol.asyncDispose]();

    await using capture = new Capture(database);
    await capture.until(({ length }) => length === 5);
    expect(ids(capture)).toEqual(ids(failing));
  });

  it("of a large transaction is read again from the transaction's beginning, with the same places", async () => {
    await using database = await openDatabase();
    const partial = new Capture(database, { batch: 100 });
    await partial.ready();
    partial.onBatch = () => {
      if (partial.batches.length === 5) throw new Error("enough");
    };
    await insert(database, 1, 1000);
    await partial.failure();
    await partial[Symbol.asyncDispose]();

    await using capture = new Capture(database, { batch: 300 });
    await capture.until(({ length }) => length === 1000);
    expect(ids(partial).length).toBeGreaterThan(100);
    expect(ids(capture).slice(0, ids(partial).length)).toEqual(ids(partial));
  });
});

describe("postgresReplication: a confirmed batch", () => {
  it("is not read again, and no change that commits meanwhile is missed", async () => {
    await using database = await openDatabase();
    const first = new Capture(database);
    await first.ready();
    await insert(database, 1, 10);
    await first.until(({ length }) => length === 10);
    await first[Symbol.asyncDispose]();
    await insert(database, 11, 20);

    await using second = new Capture(database);
    await second.until(({ length }) => length >= 10);
    expect(created(second)).toEqual(Array.from({ length: 10 }, (_, index) => index + 11));
    expect(second.changes[0]?.place.epoch).toBe(first.changes[0]?.place.epoch);
  });

  it("lets the server discard its log, also when only other tables are written to", async () => {
    await using database = await openDatabase();
    await using capture = new Capture(database, { lease: 1_500 });
    await capture.ready();
    await server.psql("create table noise (text text)");
    await server.psql("insert into noise select repeat('x', 1000) from generate_series(1, 3000)");
    const [here = ""] = (await server.psql("select pg_current_wal_lsn()")).split("\n");
    await eventually(() => database.slotIs("confirmed_flush_lsn > $1::pg_lsn", here));
    await server.psql("checkpoint");
    await eventually(async () => {
      await server.psql("select pg_log_standby_snapshot()").catch(() => "before PostgreSQL 16");
      await server.psql("checkpoint");
      return database.slotIs("restart_lsn > $1::pg_lsn", here);
    });
    expect(capture.captured).toEqual([]);
  });
});

describe("postgresReplication: an unavailable server", () => {
  it("is SOURCE_UNAVAILABLE, and no change is lost", async () => {
    await using own = await openServer();
    await using database = await openDatabase(own);
    const capture = new Capture(database);
    await capture.ready();
    await insert(database, 1);
    await capture.until(({ length }) => length === 1);
    await own.restart();
    expect(await capture.failure()).toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await capture[Symbol.asyncDispose]();

    await insert(database, 2);
    await using again = new Capture(database);
    await again.until((captured) => captured.length > 0 && created(again).includes(2));
    expect(again.changes[0]?.place.epoch).toBe(capture.changes[0]?.place.epoch);
  });

  it("is SOURCE_UNAVAILABLE when it no longer answers, and the source can be disposed", async () => {
    await using database = await openDatabase();
    await using way = await FreezingWay.open(server.port);
    const login = { ...server.login({ database: database.name }), port: way.port };
    const client = new Pool(login);
    client.on("error", () => undefined);
    const capture = new Capture(database, {
      client,
      connect: (mode) => new Client({ ...login, ...mode }),
      lease: 3_000,
    });
    await capture.ready();
    await insert(database, 1);
    await capture.until(({ length }) => length === 1);
    way.freeze();
    expect(await capture.failure()).toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await capture[Symbol.asyncDispose]();
    await insert(database, 2);
    await using again = new Capture(database);
    await again.until(() => created(again).includes(2));
  });

  it("is SOURCE_UNAVAILABLE when it refuses connections", async () => {
    await using own = await openServer();
    const database = await openDatabase(own);
    await own.stop();
    await using capture = new Capture(database);
    expect(await capture.failure()).toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    await database.pool.end();
  });
});

/** A database of which one change was read and confirmed, and whose reading has ended. */
async function interrupted(at: PostgresServer = server): Promise<CapturedDatabase> {
  const database = await openDatabase(at);
  const capture = new Capture(database);
  await capture.ready();
  await insert(database, 1);
  await capture.until(({ length }) => length === 1);
  await capture[Symbol.asyncDispose]();
  await eventually(() => database.slotIs("not active"));
  return database;
}

/** The reason of a loss of changes, which is first an error, and then a truncation in a new epoch. */
async function loss(database: CapturedDatabase): Promise<string> {
  const former = await epochOf(database);
  await using losing = new Capture(database);
  const error = await losing.failure();
  expect(error).toMatchObject({ code: "SOURCE_LOST" });

  // The next leader gets the truncation until it is confirmed.
  await using failing = new Capture(database);
  failing.onBatch = () => {
    throw new Error("away");
  };
  await failing.failure();
  await using next = new Capture(database);
  await next.until(({ length }) => length === 1);
  await next.ready();
  await insert(database, 1000);
  await next.until(({ length }) => length === 2);
  expect(next.captured).toMatchObject([
    { kind: "truncation", table: table("cars"), place: { major: 0n, minor: 0n } },
    { kind: "change", after: { id: "1000" } },
  ]);
  const epoch = await epochOf(database);
  expect(epoch).not.toBe(former);
  expect(next.captured.map(({ place }) => place.epoch)).toEqual([epoch, epoch]);
  const [gap] = next.captured;
  const { rows } = await database.pool.query("select pg_current_snapshot()::text as snapshot");
  expect(gap?.kind === "truncation" && Number(gap.transaction)).toBeLessThan(Number(rows[0].snapshot.split(":")[1]));
  await next.stop();

  await using after = new Capture(database);
  await after.ready();
  await insert(database, 1001);
  await after.until(({ length }) => length === 1);
  expect(created(after)).toEqual([1001]);
  return error instanceof Error ? error.message : "";
}

describe("postgresReplication: a slot", () => {
  it("is SOURCE_LOST when it was dropped", async () => {
    await using database = await interrupted();
    await database.pool.query("select pg_drop_replication_slot($1)", [database.slot]);
    expect(await loss(database)).toContain("the slot was dropped");
  });

  it("is SOURCE_LOST when it was dropped and created again", async () => {
    await using database = await interrupted();
    await database.pool.query("select pg_drop_replication_slot($1)", [database.slot]);
    await insert(database, 2);
    await database.pool.query("select pg_create_logical_replication_slot($1, 'pgoutput')", [database.slot]);
    expect(await loss(database)).toContain("made anew");
  });

  it("is SOURCE_LOST when another program has advanced it", async () => {
    await using database = await interrupted();
    await insert(database, 2);
    await database.pool.query("select pg_replication_slot_advance($1, pg_current_wal_lsn())", [database.slot]);
    expect(await loss(database)).toContain("moved on by somebody else");
  });

  it("is SOURCE_LOST when the publication did not exist for a while", async () => {
    await using database = await interrupted();
    await database.pool.query("drop publication fanfare");
    await insert(database, 2);
    await database.install();
    expect(await loss(database)).toContain("the publication was not there");
  });

  it("is SOURCE_LOST when the server has removed its log", async () => {
    await using own = await openServer({ max_slot_wal_keep_size: "2MB", min_wal_size: "32MB", max_wal_size: "32MB" });
    await using database = await interrupted(own);
    for (let round = 0; (await database.slotIs("wal_status <> 'lost'")) && round < 20; round += 1) {
      await insert(database, 10_000 * round + 2, 10_000 * round + 5000);
      await own.psql("select pg_switch_wal()");
      await own.psql("checkpoint");
    }
    await database.pool.query("delete from cars");
    expect(await loss(database)).toContain("raise max_slot_wal_keep_size");
  });

  it("is reported before it is lost", async () => {
    await using own = await openServer({ max_slot_wal_keep_size: "64MB", min_wal_size: "32MB", max_wal_size: "32MB" });
    await using database = await openDatabase(own);
    const log = new NotingLog();
    await using capture = new Capture(database, { lease: 1_500, log });
    await capture.ready();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    capture.onBatch = () => released;
    for (let round = 0; log.lines.length === 0 && round < 100; round += 1) {
      await insert(database, 10_000 * round + 2, 10_000 * round + 5000);
      await own.psql("select pg_switch_wal()");
      await own.psql("checkpoint");
      await database.renewed(2);
    }
    expect(log.lines[0]).toMatchObject({ level: "warn", details: { slot: database.slot, status: "extended" } });
    release();
  });
});

/** A proxy to a server that can freeze: then it neither passes bytes on nor closes connections. */
class FreezingWay implements AsyncDisposable {
  readonly #sockets: Socket[] = [];
  readonly #server;

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      this.#sockets.push(near, far);
      for (const socket of [near, far]) socket.on("error", () => undefined);
      near.pipe(far).pipe(near);
    });
  }

  static async open(port: number): Promise<FreezingWay> {
    const way = new FreezingWay(port);
    way.#server.listen(0, "127.0.0.1");
    await once(way.#server, "listening");
    return way;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  freeze(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
