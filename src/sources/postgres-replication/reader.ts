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

/** After so many renewals of the lead it is looked whether everything is still there. */
const inspected = 10;

const standbyAdvice =
  "synchronous_standby_names makes this connection a standby that commits wait for: name the standbys in it, " +
  "instead of *, or give the connection another application_name";

/** Reads the slot for as long as this process leads. */
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

  /** @param onReady called when the slot is there: whatever is committed from then on is captured. */
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

  /** Where to go on; makes the slot where there is none. Undefined when `signal` aborted. */
  async #progress(wal: WalConnection, signal: AbortSignal): Promise<Progress | undefined> {
    const { progress } = this.#options.lead;
    if (!progress) return this.#begin(wal, signal);
    await this.#slot.free(signal);
    if (signal.aborted) return undefined;
    const why = whyLost(await this.#slot.state(), progress, wal.identity);
    if (why !== undefined) await this.#beginAnew(why, signal);
    return signal.aborted ? undefined : progress;
  }

  /** A slot that is there already is one whose maker did not live to write it down; it has more of the log, not less. */
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

  /** Makes another slot in the place of one that cannot be read on. Whoever leads next tells of the gap. */
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

  /** The next batch is read only when this one was confirmed; until then whoever asks for it gets this one again. */
  async *#untilConfirmed(batch: OpenBatch, signal: AbortSignal): AsyncIterableIterator<Batch> {
    while (!batch.isConfirmed && !signal.aborted) yield batch;
  }

  #batch(wal: WalConnection, { changes, oldest, end }: Reading): OpenBatch {
    const { lead, clock } = this.#options;
    const milliseconds = Math.max(0, clock.now() - (oldest ?? clock.now()));
    return new OpenBatch({
      changes,
      lag: { rows: wal.waiting, milliseconds },
      // Leaders read what is in the log already: later than that only this one can have been.
      mayRepeat: changes.some(({ place }) => place.major < wal.began),
      fence: this.#fence,
      lead,
      onConfirmed: () => lead.confirm(end),
    });
  }

  /** All that can be said of each table: its rows may be any. */
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

  /** Slots are the whole server's, so there is one scope for each, whatever the sources call themselves. */
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
    // Commits would wait for this process, and this process for the commits to be visible.
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

  /** A table that is dropped and made again is not in the publication, and nothing else would tell. */
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
 * The log is read with the catalogue as it was when it was written. A publication that was not there at that time is
 * not there for ever.
 */
function isOfThePast(error: unknown): boolean {
  return error instanceof FanfareError && codeOf(error.cause) === "42704";
}

interface OpenBatchParts extends Pick<Batch, "changes" | "lag" | "fence"> {
  readonly mayRepeat: boolean;
  readonly lead: Lead;
  onConfirmed(): Promise<void>;
}

/** What has been read and not yet been confirmed. */
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
