import { setImmediate as turn } from "node:timers/promises";
import { Client, type Pool } from "pg";
import type { Captured, CapturedChange, TableName } from "../../../src/contract/captured.ts";
import type { Log } from "../../../src/contract/log.ts";
import type { Batch, Source, SourceState } from "../../../src/contract/source.ts";
import {
  installReplication,
  postgresReplication,
  type ReplicationOptions,
} from "../../../src/sources/postgres-replication.ts";
import { PostgresServer, type PostgresOptions } from "../../servers/postgres.ts";

/** The smallest limits that the server accepts; some tests need larger ones. */
const settings = {
  wal_level: "logical",
  max_slot_wal_keep_size: "1GB",
  max_prepared_transactions: 10,
  deadlock_timeout: "10ms",
};

/** Opens a server with logical replication. */
export function openServer(more: PostgresOptions["settings"] = {}): Promise<PostgresServer> {
  return PostgresServer.open({ settings: { ...settings, ...more } });
}

let databases = 0;

/** A database with tables that are set up for replication. Slots belong to the whole server. */
export class CapturedDatabase implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly name: string;
  readonly slot: string;
  readonly tables: readonly TableName[];
  readonly pool: Pool;

  private constructor(server: PostgresServer, name: string, tables: readonly TableName[]) {
    this.server = server;
    this.name = name;
    this.slot = name;
    this.tables = tables;
    this.pool = server.pool({ database: name });
  }

  /** @param sql creates the tables. @param tables their names. */
  static async open(server: PostgresServer, sql: string, tables: readonly TableName[]): Promise<CapturedDatabase> {
    databases += 1;
    const name = `captured_${databases}`;
    await server.psql(`create database ${name}`);
    const database = new CapturedDatabase(server, name, tables);
    await database.pool.query(sql);
    await database.install();
    return database;
  }

  install(): Promise<void> {
    return installReplication(this.pool, { tables: this.tables });
  }

  /** Whether the slot exists and meets a condition in SQL. */
  async slotIs(condition: string, ...values: readonly string[]): Promise<boolean> {
    const numbered = condition.replaceAll("$1", "$2");
    const query = `select from pg_replication_slots where slot_name = $1 and ${numbered}`;
    return (await this.pool.query(query, [this.slot, ...values])).rowCount === 1;
  }

  /** Resolves when the lease was renewed `times` times. */
  async renewed(times: number): Promise<void> {
    for (let count = 0, last = await this.#expires(); count < times; count += 1) {
      await eventually(async () => last !== (await this.#expires()));
      last = await this.#expires();
    }
  }

  isRead(): Promise<boolean> {
    return this.slotIs("active");
  }

  source(options: Partial<ReplicationOptions> = {}): Source {
    const { pool, tables, slot, server, name } = this;
    const connect: ReplicationOptions["connect"] = (mode) =>
      new Client({ ...server.login({ database: name }), ...mode });
    return postgresReplication({ client: pool, connect, tables, slot, ...options });
  }

  async #expires(): Promise<string | undefined> {
    const query = "select expires::text as expires from fanfare.replication where slot = $1";
    return (await this.pool.query<{ expires: string }>(query, [this.slot])).rows[0]?.expires;
  }

  /** Drops the slot, since the server has only ten. */
  async [Symbol.asyncDispose](): Promise<void> {
    const query = `select pg_drop_replication_slot(slot_name) from pg_replication_slots
      where database = current_database() and not active`;
    await eventually(async () => {
      await this.pool.query(query);
      const { rowCount } = await this.pool.query(
        "select from pg_replication_slots where database = current_database()",
      );
      return rowCount === 0;
    });
    await this.pool.end();
  }
}

/** Reads a source as a relay does, and keeps the changes. */
export class Capture implements AsyncDisposable {
  readonly captured: Captured[] = [];
  readonly batches: Batch[] = [];
  readonly states: SourceState[] = [];
  readonly #source: Source;
  readonly #ending = new AbortController();
  readonly #reading: Promise<void>;
  #error: unknown;
  #waiting: (() => void)[] = [];
  onBatch: (batch: Batch) => Promise<void> | void = () => undefined;

  constructor(database: CapturedDatabase, options: Partial<ReplicationOptions> = {}) {
    this.#source = database.source(options);
    this.#reading = this.#read().catch((error: unknown) => {
      this.#error = error;
      this.#tell();
    });
  }

  get changes(): readonly CapturedChange[] {
    return this.captured.filter((one) => one.kind === "change");
  }

  /** Resolves when the slot exists: changes that commit from then on are captured. */
  ready(): Promise<void> {
    return this.until(() => this.states.includes("leading"));
  }

  standingBy(): Promise<void> {
    return this.until(() => this.states.includes("standby"));
  }

  /** Resolves when the condition holds. Rejects with the error that has ended the reading. */
  async until(condition: (captured: readonly Captured[]) => boolean): Promise<void> {
    while (!condition(this.captured)) {
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }

  /** Resolves with the error that ends the reading. */
  async failure(): Promise<unknown> {
    await this.#reading;
    return this.#error;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#source[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    for await (const batch of this.#source.changes(this.#ending.signal, (state) => this.#enter(state))) {
      await this.onBatch(batch);
      this.batches.push(batch);
      this.captured.push(...batch.changes);
      await batch.confirm();
      this.#tell();
      // As the relay does: messages in memory must not starve the renewal of the lease.
      await turn();
    }
  }

  #enter(state: SourceState): void {
    this.states.push(state);
    this.#tell();
  }

  #tell(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Polls a server until `look` gives true. */
export async function eventually(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function table(name: string, schema: string = "public"): TableName {
  return { schema, name };
}

export class NotingLog implements Log {
  readonly lines: { level: "warn" | "error"; message: string; details: Readonly<Record<string, unknown>> }[] = [];

  warn(message: string, details: Readonly<Record<string, unknown>>): void {
    this.lines.push({ level: "warn", message, details });
  }

  error(message: string, details: Readonly<Record<string, unknown>>): void {
    this.lines.push({ level: "error", message, details });
  }
}
