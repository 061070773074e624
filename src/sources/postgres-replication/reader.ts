import type { Clock } from "../../base/clock.ts";
import { FanfareError } from "../../base/error.ts";
import { beforeAbort } from "../../base/pause.ts";
import type { Fence } from "../../contract/broker.ts";
import type { Captured, CapturedTruncation, TableName } from "../../contract/captured.ts";
import type { Log } from "../../contract/log.ts";
import type { Batch, SourceLag } from "../../contract/source.ts";
import { telemetry } from "../../contract/telemetry.ts";
import { textRows } from "../../postgres/database.ts";
import { codeOf } from "../../postgres/error.ts";
import { identifier } from "../../postgres/quote.ts";
import { ChangeReader, type Reading } from "./change-reader.ts";
import type { Gap, Lead, Progress } from "./lead.ts";
import { assertReady, type ReadinessOptions } from "./readiness.ts";
import { Relation } from "./relation.ts";
import type { SlotHealth } from "./slot-health.ts";
import { Slot, whyLost } from "./slot.ts";
import { Visibility } from "./visibility.ts";
import { WalConnection, type ReplicationClient, type ReplicationMode } from "./wal-connection.ts";

export interface ReaderOptions extends ReadinessOptions {
  readonly connect: (mode: ReplicationMode) => ReplicationClient;
  readonly slot: string;
  readonly schema: string;
  readonly batch: number;
  readonly clock: Clock;
  readonly log: Log | undefined;
  readonly lead: Lead;
}

/** The number of renewals after which the reader checks again that the database has everything that it needs. */
const inspected = 10;

const standbyAdvice =
  "synchronous_standby_names makes this connection a standby that commits wait for: name the standbys in it, " +
  "instead of *, or give the connection another application_name";

/** Reads the slot while this process leads. */
export class Reader implements AsyncDisposable {
  readonly #options: ReaderOptions;
  readonly #slot: Slot;
  readonly #incomplete = new Set<string>();
  #wal: WalConnection | undefined;
  #status: SlotHealth["status"] = "reserved";
  #renewals = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#slot = new Slot(options);
  }

  /** @param onReady called when the slot exists: changes that commit from then on are captured. */
  async *batches(ending: AbortSignal, onReady: () => void): AsyncIterableIterator<Batch> {
    const { lead } = this.#options;
    const signal = AbortSignal.any([ending, lead.signal]);
    try {
      yield* this.#read(signal, onReady);
    } catch (error) {
      if (!isOfThePast(error)) throw error;
      await this.#beginAnew("what was written while the publication was not there cannot be read", signal);
    }
    if (!ending.aborted) throw lead.end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wal?.[Symbol.asyncDispose]();
  }

  async *#read(signal: AbortSignal, onReady: () => void): AsyncIterableIterator<Batch> {
    const { name, connect, clock, slot, publication } = this.#options;
    const wal = (this.#wal = await WalConnection.open(name, connect({ replication: "database" }), clock));
    const progress = await this.#progress(wal, signal);
    if (!progress) return;
    onReady();
    if (progress.gap) yield* this.#untilConfirmed(this.#gapBatch(progress, progress.gap), signal);
    if (signal.aborted) return;
    await wal.start({ slot, publication, from: progress.confirmed });
    this.#options.lead.onRenewed = (confirmed, health) => {
      wal.acknowledge(confirmed);
      this.#watch(health);
      this.#inspect();
    };
    yield* this.#follow(wal, progress, signal);
  }

  /** The progress to continue from; creates the slot if there is none. Undefined if `signal` aborts. */
  async #progress(wal: WalConnection, signal: AbortSignal): Promise<Progress | undefined> {
    const { progress } = this.#options.lead;
    if (!progress) return this.#begin(wal, signal);
    await this.#slot.free(signal);
    if (signal.aborted) return undefined;
    const why = whyLost(await this.#slot.state(), progress, wal.identity);
    if (why !== undefined) await this.#beginAnew(why, signal);
    return signal.aborted ? undefined : progress;
  }

  /**
   * Begins the first epoch. An existing slot is used: its creator ended before it could store the progress, and the
   * slot holds at least the log since then.
   */
  async #begin(wal: WalConnection, signal: AbortSignal): Promise<Progress | undefined> {
    const { lead, name, slot } = this.#options;
    const state = await this.#slot.state();
    if (state?.reader !== undefined) {
      const message = `${name}: the slot ${slot} is read by something else: choose another name for it`;
      throw new FanfareError("SOURCE_NOT_READY", message);
    }
    if (state?.status === "lost") await this.#slot.drop();
    const from = state && state.status !== "lost" ? state.confirmed : await this.#slot.create(signal);
    return from === undefined ? undefined : lead.begin(wal.identity, from, false);
  }

  /** Replaces a slot that cannot be read any further. The next leader publishes the gap. */
  async #beginAnew(why: string, signal: AbortSignal): Promise<void> {
    const { lead, name, slot } = this.#options;
    const identity = this.#wal?.identity;
    await this.#wal?.[Symbol.asyncDispose]();
    await this.#slot.free(signal);
    if (signal.aborted || !identity) return;
    await this.#slot.drop();
    const from = await this.#slot.create(signal);
    if (from === undefined) return;
    await lead.begin(identity, from, true);
    throw new FanfareError("SOURCE_LOST", `${name}: changes were lost from the slot ${slot}: ${why}`);
  }

  async *#follow(
    wal: WalConnection,
    { epoch, confirmed }: Progress,
    signal: AbortSignal,
  ): AsyncIterableIterator<Batch> {
    const { lead, pool, clock, batch } = this.#options;
    const visibility = await Visibility.open(pool, clock);
    const changes = new ChangeReader({
      wal,
      epoch,
      from: confirmed,
      limit: batch,
      prefix: await this.#prefix(),
      isCaptured: (table) => this.#isCaptured(table),
      describe: (message) => Relation.open(message, pool),
      wholeId: (xid) => visibility.wholeId(xid),
      onIncomplete: (table) => this.#tellIncomplete(table),
    });
    for (;;) {
      const reading = await beforeAbort(changes.read(signal), signal);
      if (!reading || signal.aborted) return;
      if (wal.failure) throw wal.failure;
      await beforeAbort(visibility.wait(reading.transactions, signal), signal);
      if (signal.aborted) return;
      if (reading.changes.length > 0) yield* this.#untilConfirmed(this.#batch(wal, reading), signal);
      else await lead.confirm(reading.end);
    }
  }

  /** Yields a batch again and again until it is confirmed. */
  async *#untilConfirmed(batch: OpenBatch, signal: AbortSignal): AsyncIterableIterator<Batch> {
    while (!batch.isConfirmed && !signal.aborted) yield batch;
  }

  #batch(wal: WalConnection, { changes, oldest, end }: Reading): OpenBatch {
    const { lead, clock } = this.#options;
    const milliseconds = Math.max(0, clock.now() - (oldest ?? clock.now()));
    return new OpenBatch({
      changes,
      lag: { rows: wal.waiting, milliseconds },
      // An earlier leader can have read only what was in the log when this connection was opened.
      mayRepeat: changes.some(({ place }) => place.major < wal.began),
      fence: this.#fence,
      lead,
      onConfirmed: () => lead.confirm(end),
    });
  }

  /** The batch that publishes a gap: a truncation of each table, since their rows may have changed in any way. */
  #gapBatch({ epoch }: Progress, { at, transaction }: Gap): OpenBatch {
    const { lead, tables, clock } = this.#options;
    const changes = tables.map((table, index): CapturedTruncation => {
      const place = { epoch, major: 0n, minor: BigInt(index) };
      return { kind: "truncation", place, table, at, transaction };
    });
    const lag = { rows: 0, milliseconds: Math.max(0, clock.now() - at) };
    const onConfirmed = (): Promise<void> => lead.closeGap();
    return new OpenBatch({ changes, lag, mayRepeat: true, fence: this.#fence, lead, onConfirmed });
  }

  /** Slot names are unique per server, so the scope is the slot's, independent of the source's name. */
  get #fence(): Fence {
    const { lead, slot } = this.#options;
    return { scope: `postgres/${this.#wal?.identity.system}/${slot}`, token: lead.token };
  }

  #isCaptured({ schema, name }: TableName): boolean {
    return this.#options.tables.some((table) => table.schema === schema && table.name === name);
  }

  async #prefix(): Promise<string> {
    const { pool, schema } = this.#options;
    const [row] = await textRows(pool, `select key from ${identifier(schema)}.replication_key`);
    return `fanfare:${row?.["key"]}`;
  }

  #watch({ status, kept, left, isStandby }: SlotHealth): void {
    const { name, slot, log, lead } = this.#options;
    // As a synchronous standby this connection would deadlock: commits wait for it, and it waits for them to be
    // visible.
    if (isStandby) lead.fail(new FanfareError("SOURCE_NOT_READY", `${name}: ${standbyAdvice}`));
    if (telemetry["source.slot"].hasSubscribers) {
      telemetry["source.slot"].publish({ source: name, slot, status, kept, left });
    }
    if (status !== this.#status && status !== "reserved") {
      const message = "A slot is not read fast enough: its log may be removed, and its changes lost";
      log?.warn(message, { source: name, slot, status, kept, left });
    }
    this.#status = status;
  }

  /** Checks the database again. A table that was dropped and created again is missing in the publication, silently. */
  #inspect(): void {
    this.#renewals += 1;
    if (this.#renewals % inspected === 0) assertReady(this.#options).catch((error) => this.#options.lead.fail(error));
  }

  #tellIncomplete(table: TableName): void {
    const { log, name } = this.#options;
    const title = `${table.schema}.${table.name}`;
    if (this.#incomplete.has(title)) return;
    this.#incomplete.add(title);
    const message = "A change has no old row, and is told as a truncation: set the table's replica identity to full";
    log?.error(message, { source: name, table: title });
  }
}

/**
 * Whether the log was written before the publication existed. The server decodes the log with the catalog of its time,
 * so that part can never be read.
 */
function isOfThePast(error: unknown): boolean {
  return error instanceof FanfareError && codeOf(error.cause) === "42704";
}

interface OpenBatchParts extends Pick<Batch, "changes" | "lag" | "fence"> {
  readonly mayRepeat: boolean;
  readonly lead: Lead;
  onConfirmed(): Promise<void>;
}

/** A batch that may not be confirmed yet. */
class OpenBatch implements Batch {
  readonly changes: readonly Captured[];
  readonly lag: SourceLag;
  readonly fence: Fence;
  readonly mayRepeat: boolean;
  readonly #parts: OpenBatchParts;
  isConfirmed = false;

  constructor(parts: OpenBatchParts) {
    this.changes = parts.changes;
    this.lag = parts.lag;
    this.fence = parts.fence;
    this.mayRepeat = parts.mayRepeat;
    this.#parts = parts;
  }

  leads(): boolean {
    return this.#parts.lead.leads();
  }

  async confirm(): Promise<void> {
    await this.#parts.onConfirmed();
    this.isConfirmed = true;
  }
}
