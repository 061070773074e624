import type { Clock } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import { pause } from "../../base/pause.ts";
import type { Captured, TableName } from "../../contract/captured.ts";
import type {
  Batch,
  SnapshotRequest,
  Source,
  SourceState,
  TableSnapshot,
  Transaction,
  TransactionalEvent,
} from "../../contract/source.ts";
import { Connection } from "../../postgres/connection.ts";
import { textOf, type PostgresClient } from "../../postgres/database.ts";
import { publishEvent } from "../../postgres/transactional-event.ts";
import { captured } from "./captured-rows.ts";
import { databaseError } from "./database-error.ts";
import { channelOf } from "./install-sql.ts";
import { Lease } from "./lease.ts";
import { find, nextPage, type Page, type PageSize } from "./page.ts";
import { Progress } from "./progress.ts";
import { assertReady, capturedTables } from "./readiness.ts";
import { readTable } from "./table-reader.ts";
import { Wake } from "./wake.ts";

export interface OutboxSettings {
  readonly client: PostgresClient;
  readonly schema: string;
  readonly tables: readonly TableName[];
  /** Installs the missing objects; undefined: only checks for them. */
  readonly install: ((tables: readonly TableName[]) => Promise<void>) | undefined;
  readonly poll: number;
  readonly batch: number;
  readonly lease: number;
  readonly notify: boolean;
  readonly clock: Clock;
}

const name = "postgres-outbox";

/** The state of a process that leads. */
interface Lead {
  readonly connection: Connection;
  readonly lease: Lease;
  readonly progress: Progress;
  /** The number of unpublished rows in the open window, as far as they were counted. */
  waiting: number;
}

/** The source that reads a database's outbox while this process leads. */
export class PostgresOutbox implements Source {
  readonly name: string = name;
  readonly #settings: OutboxSettings;
  readonly #size: PageSize;
  readonly #owner = new AbortController();

  constructor(settings: OutboxSettings) {
    this.#settings = settings;
    this.#size = { schema: settings.schema, batch: settings.batch };
  }

  publish(transaction: Transaction, event: TransactionalEvent): Promise<void> {
    return publishEvent(transaction, this.#settings.schema, event);
  }

  async *changes(signal: AbortSignal, onState?: (state: SourceState) => void): AsyncIterableIterator<Batch> {
    const { client, clock, notify, poll, schema } = this.#settings;
    const end = AbortSignal.any([signal, this.#owner.signal]);
    if (this.#owner.signal.aborted) throw new FanfareError("CLOSED", "This source was disposed");
    const wake = new Wake(clock, poll, end);
    await using connection = await Connection.open({
      client,
      clock,
      channel: notify ? channelOf(schema) : undefined,
      onNotification: () => wake.now(),
      errorOf: databaseError,
    });
    await this.#prepare(connection);
    await using lease = await this.#lead(connection, end, onState);
    if (!lease) return;
    const progress = await Progress.read(connection, lease, schema);
    const lead: Lead = { connection, lease, progress, waiting: 0 };
    onState?.("leading");
    if (progress.number === 0n) yield await this.#lostBatch(lead);
    while (!end.aborted) {
      await lease.assertHeld();
      const page = await this.#page(lead, wake);
      if (page) {
        yield this.#batch(lead, page);
        wake.soon();
      } else await wake.wait();
    }
  }

  async snapshot(request: SnapshotRequest, signal?: AbortSignal): Promise<TableSnapshot> {
    if (this.#owner.signal.aborted) throw new FanfareError("CLOSED", "This source was disposed");
    return readTable(this.#settings.client, request, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#owner.abort();
  }

  async #prepare(connection: Connection): Promise<void> {
    const { install, schema, tables } = this.#settings;
    try {
      await assertReady(connection, schema, tables);
    } catch (error) {
      if (!install || !(error instanceof FanfareError) || error.code !== "SOURCE_NOT_READY") throw error;
      await install(tables);
      await assertReady(connection, schema, tables);
    }
  }

  /** Waits for the lease; undefined if `end` aborts first. */
  async #lead(
    connection: Connection,
    end: AbortSignal,
    onState: ((state: SourceState) => void) | undefined,
  ): Promise<Lease | undefined> {
    const { clock, lease: milliseconds, schema } = this.#settings;
    for (let told = false; !end.aborted; told = true) {
      const lease = await Lease.take({ connection, schema, clock, milliseconds });
      if (lease) return lease;
      if (!told) onState?.("standby");
      await pause(clock, milliseconds / 6, end);
    }
    return undefined;
  }

  /** Reads the next page; undefined if there is none. */
  async #page(lead: Lead, wake: Wake): Promise<Page | undefined> {
    const { connection, progress } = lead;
    const { previous, next, page } = progress;
    if (next !== undefined) {
      const following = await nextPage(connection, this.#size, { previous, next, page });
      // A page can be empty if a leader ended after it confirmed the last rows and before it closed the window.
      if (following.rows.length === 0) await progress.closePage({ rows: [], last: true });
      lead.waiting = Math.max(lead.waiting, following.rows.length);
      return following.rows.length === 0 ? undefined : following;
    }
    const found = await find(connection, this.#size, previous);
    if (found.rows.length > 0) {
      await progress.openWindow(found.snapshot);
      lead.waiting = found.waiting;
      return found;
    }
    if (wake.isTimeToSkip()) await progress.skipTo(found.snapshot);
    return undefined;
  }

  #batch(lead: Lead, { rows, more }: Page): Batch {
    const { progress, waiting } = lead;
    const seqs = rows.map((row) => textOf(row, "seq"));
    const ages = rows.map((row) => Number(textOf(row, "age")));
    return this.#publishable(lead, {
      changes: rows.map((row) => captured(row, progress.epoch, progress.number)),
      lag: { rows: waiting, milliseconds: Math.max(0, ...ages) },
      async confirm() {
        await progress.closePage({ rows: seqs, last: !more });
        lead.waiting = Math.max(0, waiting - rows.length);
      },
    });
  }

  /** The batch that begins a new epoch: a truncation of each table, since any of their rows may have changed. */
  async #lostBatch(lead: Lead): Promise<Batch> {
    const { connection, progress } = lead;
    const tables = await capturedTables(connection, this.#settings.schema);
    const at = this.#settings.clock.now();
    return this.#publishable(lead, {
      changes: tables.map(({ schema, name: of }, index): Captured => ({
        kind: "truncation",
        place: { epoch: progress.epoch, major: 0n, minor: BigInt(index) },
        table: { schema, name: of },
        at,
        transaction: "0",
      })),
      lag: { rows: tables.length, milliseconds: 0 },
      confirm: () => progress.closePage({ rows: [], last: true }),
    });
  }

  #publishable({ lease }: Lead, batch: Pick<Batch, "changes" | "lag" | "confirm">): Batch {
    return {
      ...batch,
      fence: { scope: `${name} ${this.#settings.schema}`, token: lease.token },
      leads: () => lease.held,
    };
  }
}
