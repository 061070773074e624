import type { Client } from "pg";
import type { CapturedChange } from "../../src/contract/captured.ts";

/**
 * A table whose rows count their own changes, and its history, into which each transaction writes its changes. Both
 * roll back together.
 */
export const historyTables = `
  create table counted (id int primary key, version int not null, writer text not null);
  create table history (id int not null, version int not null, transaction xid8 not null default pg_current_xact_id());
  create index on history (id, version);
  insert into counted select g, 0, 'nobody' from generate_series(1, 40) g;
`;

export interface Workload {
  readonly writers: number;
  /** The number of transactions per writer; Infinity: until `stop` aborts. */
  readonly transactions: number;
  readonly stop?: AbortSignal;
  readonly seed: number;
  /** The longest pause between two statements of a long transaction, in milliseconds. Default 30. */
  readonly longest?: number;
}

/** The outcome of a workload, in transactions. */
export interface Done {
  committed: number;
  rolledBack: number;
}

/**
 * Runs writers on overlapping rows: a third of the transactions is rolled back, some roll back to a savepoint, some are
 * long, some delete a row and insert it again. PostgreSQL rolls back one of two transactions in a deadlock.
 *
 * @param isBroken whether an error means that the database is unavailable: the transaction counts as rolled back.
 */
export async function write(
  connect: () => Promise<Client>,
  { writers, transactions, stop, seed, longest = 30 }: Workload,
  isBroken: (error: unknown) => boolean = () => false,
): Promise<Done> {
  const done: Done = { committed: 0, rolledBack: 0 };
  const writer = async (name: string, random: () => number): Promise<void> => {
    let client = await connect();
    for (let count = 0; count < transactions; count += 1) {
      if (stop?.aborted) break;
      try {
        const commits = await transact(client, name, random, longest);
        done[commits ? "committed" : "rolledBack"] += 1;
      } catch (error) {
        done.rolledBack += 1;
        if (isBroken(error)) {
          // The connection may be closed already.
          void client.end().catch(() => undefined);
          client = await connect();
        } else if (isDeadlock(error)) await client.query("rollback");
        else throw error;
      }
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: writers }, (_, index) => writer(`w${index}`, randomOf(seed * 1000 + index))));
  return done;
}

async function transact(client: Client, name: string, random: () => number, longest: number): Promise<boolean> {
  const rows = Array.from({ length: 1 + Math.floor(random() * 3) }, () => 1 + Math.floor(random() * 40));
  const isLong = random() < 0.05;
  await client.query("begin");
  // Draws the transaction's id early, so that the order of ids is not the order of locks.
  if (random() < 0.5) await client.query("select pg_current_xact_id()");
  for (const id of rows) {
    const kind = random();
    if (kind < 0.2) {
      await client.query("savepoint here");
      await change(client, id, name);
      await client.query("rollback to savepoint here");
    }
    if (kind > 0.9) await replace(client, id, name);
    else await change(client, id, name);
    if (isLong) await client.query(`select pg_sleep(${(random() * longest) / 1000})`);
  }
  const commits = random() > 1 / 3;
  await client.query(commits ? "commit" : "rollback");
  return commits;
}

async function change(client: Client, id: number, name: string): Promise<void> {
  await client.query(
    `with changed as (update counted set version = version + 1, writer = $2 where id = $1 returning id, version)
     insert into history (id, version) select id, version from changed`,
    [id, name],
  );
}

async function replace(client: Client, id: number, name: string): Promise<void> {
  const { rows } = await client.query<{ version: number }>("delete from counted where id = $1 returning version", [id]);
  const [row] = rows;
  // Another writer is replacing the row.
  if (!row) return;
  await client.query("insert into counted values ($1, $2, $3)", [id, row.version + 2, name]);
  await client.query("insert into history (id, version) values ($1, $2), ($1, $3)", [
    id,
    row.version + 1,
    row.version + 2,
  ]);
}

function isDeadlock(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "40P01";
}

/** The pseudorandom generator mulberry32 with a seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A change of `counted` as an entry of the history: a deletion counts as a further version. */
export interface Version {
  readonly id: string;
  readonly version: number;
}

export function versionOf({ action, before, after }: Pick<CapturedChange, "action" | "before" | "after">): Version {
  const row = action === "DELETED" ? before : after;
  return { id: row?.["id"] ?? "", version: Number(row?.["version"]) + (action === "DELETED" ? 1 : 0) };
}

/** The versions of each row, in their order. */
export function versionsById(versions: readonly Version[]): Readonly<Record<string, readonly number[]>> {
  const byId: Record<string, number[]> = {};
  for (const { id, version } of versions) (byId[id] ??= []).push(version);
  return byId;
}

/** Reads the history. Versions of a row are in the order of the commits, since writers hold the row's lock. */
export const historyQuery = "select id::text, version from history order by id, version";
