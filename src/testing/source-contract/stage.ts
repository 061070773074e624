import type { Captured, CapturedRow } from "../../contract/captured.ts";
import type { Batch, SnapshotRequest, Source, TableSnapshot } from "../../contract/source.ts";
import { ContractStage } from "../contract-stage.ts";
import type { Runner } from "../runner.ts";
import type { SourceContractOptions, SourceDatabase, SourceWriter } from "./options.ts";
import { BatchReading } from "./batch-reading.ts";
import { Reading } from "./reading.ts";
import { until } from "../wait.ts";

/** The timeout of a takeover by another process: five seconds of the contract, and one for a busy machine. */
const takeover = 6_000;

/** The fixture of a case: its own database, sources and readings. */
export class Stage extends ContractStage implements AsyncDisposable {
  readonly options: SourceContractOptions;
  readonly #sources: Source[] = [];
  readonly #readings: Reading[] = [];
  readonly #batchReadings: BatchReading[] = [];
  #database: Promise<SourceDatabase> | undefined;
  #marks = 0;

  constructor(options: SourceContractOptions, runner: Runner) {
    super(runner, options.patience ?? 10_000);
    this.options = options;
  }

  database(): Promise<SourceDatabase> {
    this.#database ??= this.options.open();
    return this.#database;
  }

  /** Creates a source, as of another process. */
  async source(): Promise<Source> {
    const source = (await this.database()).source();
    this.#sources.push(source);
    return source;
  }

  /** Reads a source, by default a new one, and waits until it leads: changes that commit from then on are captured. */
  async read(source?: Source): Promise<Reading> {
    const reading = await this.wait(source);
    await this.told(reading, () => reading.states.includes("leading"), "the lead");
    return reading;
  }

  /** Reads a source, by default a new one, which may have to wait for the lease. */
  async wait(source?: Source): Promise<Reading> {
    const reading = new Reading(source ?? (await this.source()));
    this.#readings.push(reading);
    reading.start();
    return reading;
  }

  /** Reads a source batch by batch, and waits until it leads. */
  async readBatches(source: Source): Promise<BatchReading> {
    const reading = new BatchReading(source);
    this.#batchReadings.push(reading);
    await this.until(() => reading.states.includes("leading"), "the lead");
    return reading;
  }

  /** The next batch; fails if there is none. */
  async batch(reading: BatchReading): Promise<Batch> {
    const batch = await this.within(reading.next(), "a batch");
    if (!batch) throw new Error("There are no more batches, though nobody has ended the reading");
    return batch;
  }

  async write(work: (writer: SourceWriter) => Promise<void>): Promise<void> {
    await (await this.database()).transaction(work);
  }

  /** Inserts rows with the keys from 1 on, in one transaction. */
  async insertMany(count: number): Promise<void> {
    await this.write(async (writer) => {
      for (let id = 1; id <= count; id += 1) await writer.insert(id, `make ${id}`);
    });
  }

  /** Runs `work` in a transaction that is rolled back. */
  async undo(work: (writer: SourceWriter) => Promise<void>): Promise<void> {
    const done = new Error("To be rolled back");
    const [written] = await Promise.allSettled([
      this.write(async (writer) => {
        await work(writer);
        throw done;
      }),
    ]);
    if (written.status === "fulfilled") throw new Error("A transaction whose work rejects must reject");
    if (written.reason !== done) throw written.reason;
  }

  /** Waits, by a marker, until all earlier commits were read, and returns the changes without the marker. */
  async all(reading: Reading): Promise<readonly Captured[]> {
    this.#marks += 1;
    const make = `mark ${this.#marks}`;
    await this.write((writer) => writer.insert(1_000_000 + this.#marks, make));
    await this.told(reading, () => reading.has(make), `what was committed, and ${make} after it`);
    return reading.captured.filter((one) => !isMark(one));
  }

  /** Waits until a condition on a reading holds; throws the error that has ended the reading. */
  async told(reading: Reading, condition: () => boolean, what: string): Promise<void> {
    await this.until(() => {
      if (reading.error !== undefined) throw reading.error;
      if (reading.ended && !condition()) throw new Error(`The reading ended without ${what}`);
      return condition();
    }, what);
  }

  /** Waits for a condition that the contract demands within five seconds. */
  async soon(condition: () => boolean, what: string): Promise<void> {
    await until(condition, what, Math.min(takeover, this.options.patience ?? takeover));
  }

  /** A snapshot of the table, without markers. */
  async snapshot(source: Source, request: Partial<SnapshotRequest> = {}): Promise<TableSnapshot> {
    const { table } = await this.database();
    const snapshot = await source.snapshot({ table, key: ["id"], limit: 1_000, ...request });
    return {
      rows: snapshot.rows.filter((row) => !isMarked(row)),
      includes: (transaction) => snapshot.includes(transaction),
    };
  }

  /** Ends all readings and sources, and fails if the sources have violated the contract in general. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#readings, ...this.#batchReadings].map((reading) => reading.stop());
    await this.within(Promise.all(ends), "the end of each reading");
    await this.within(Promise.all(this.#sources.map((each) => each[Symbol.asyncDispose]())), "the end of each source");
    if (this.#database) await (await this.#database)[Symbol.asyncDispose]();
    this.expect(this.#readings.flatMap(({ faults }) => faults)).toEqual([]);
    this.expect(this.#readings.map(({ error }) => error).filter((error) => error !== undefined)).toEqual([]);
  }
}

function isMark(one: Captured): boolean {
  return one.kind === "change" && isMarked(one.after ?? one.before ?? {});
}

function isMarked(row: CapturedRow): boolean {
  return row["make"]?.startsWith("mark ") ?? false;
}
