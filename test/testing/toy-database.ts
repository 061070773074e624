import { FanfareError } from "../../src/base/error.ts";
import { pause } from "../../src/base/pause.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Captured, CapturedRow, RowAction } from "../../src/contract/captured.ts";
import type {
  Batch,
  SnapshotRequest,
  Source,
  SourceState,
  TableSnapshot,
  Transaction,
  TransactionalEvent,
} from "../../src/contract/source.ts";
import type { SourceDatabase, SourceWriter } from "../../src/testing/source-contract.ts";

/** A mistake that a source's author can make; the contract has to find each of them. */
export type SourceBug =
  | "leaves out the row before"
  | "has no time"
  | "tells what is rolled back"
  | "sorts the changes of a transaction"
  | "turns two transactions around"
  | "tells a changed key as an update"
  | "says nothing of a truncation"
  | "misses a change now and then"
  | "forgets what is committed while nobody reads"
  | "tells a change when it is written"
  | "tells a change before it can be seen"
  | "tells events after the changes"
  | "takes an event that it cannot keep"
  | "gives empty batches"
  | "repeats an event with another id"
  | "goes on without a confirmation"
  | "forgets what was not confirmed"
  | "gives again what it says that it does not"
  | "forgets what was confirmed"
  | "says too late that it leads"
  | "lets two lead"
  | "never takes over"
  | "has one token for all"
  | "lets a former leader confirm"
  | "does not look at its signal while it waits"
  | "gives a batch after its signal"
  | "begins though its signal has aborted"
  | "can be read once"
  | "hangs when it is disposed twice"
  | "goes on after its end"
  | "orders keys as texts"
  | "shows what is not committed"
  | "looks for null as for a text"
  | "cuts at the limit"
  | "takes a table that there is not for an empty one"
  | "reads for somebody who has left"
  | "takes every change for one that is shown";

/** Mistakes of a source that ignores its signal. */
const deaf: ReadonlySet<SourceBug> = new Set<SourceBug>([
  "does not look at its signal while it waits",
  "gives a batch after its signal",
  "begins though its signal has aborted",
]);

type Rows = Map<number, string | null>;

/** A change before its commit. */
type Written =
  | {
      readonly action: RowAction;
      readonly before: CapturedRow | null;
      readonly after: CapturedRow | null;
      readonly moved: boolean;
    }
  | { readonly kind: "truncation" }
  | { readonly kind: "event"; readonly topic: string; readonly payload: unknown; readonly id: string | undefined };

/** A statement, which is executed when its transaction commits. */
type Statement = (rows: Rows) => readonly Written[];

const table = { schema: "toys", name: "cars" };
const batchSize = 100;

/** A database in this process, with one table and a log of commits. */
export class ToyDatabase implements SourceDatabase {
  readonly table: SourceDatabase["table"] = table;
  readonly bug: SourceBug | undefined;
  readonly log: Captured[] = [];
  readonly rows: Rows = new Map();
  readonly committed = new Set<string>();
  /** The statements of open transactions. */
  readonly open = new Set<Statement[]>();
  /** The number of confirmed entries of the log. */
  confirmed = 0;
  lead: object | undefined;
  token = 0;
  #transactions = 0;

  constructor(bug?: SourceBug) {
    this.bug = bug;
  }

  source(): Source {
    return new ToySource(this);
  }

  async transaction(work: (writer: SourceWriter) => Promise<void>): Promise<void> {
    const statements: Statement[] = [];
    this.open.add(statements);
    try {
      await work(this.#writer(statements));
    } catch (error) {
      if (this.bug === "tells what is rolled back") this.#commit(statements, new Map(this.rows));
      throw error;
    } finally {
      this.open.delete(statements);
    }
    if (this.bug !== "tells a change when it is written") this.#commit(statements, this.rows);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The database holds no resources.
  }

  #writer(statements: Statement[]): SourceWriter {
    const write = async (statement: Statement): Promise<void> => {
      statements.push(statement);
      if (this.bug === "tells a change when it is written") this.#commit([statement], this.rows);
    };
    const transaction: Transaction = {
      query: (_text, [topic, json, id] = []) => {
        if (String(json).includes("\\u0000") && this.bug !== "takes an event that it cannot keep") {
          return Promise.reject(new Error("unsupported Unicode escape sequence"));
        }
        const event = {
          topic: String(topic),
          payload: JSON.parse(String(json)),
          id: typeof id === "string" ? id : undefined,
        };
        return write(() => [{ kind: "event", ...event }]);
      },
    };
    return {
      transaction,
      insert: (id, make) => write((rows) => change(rows, [undefined, id, make])),
      update: (id, make) => write((rows) => change(rows, [id, id, make])),
      move: (id, to) => write((rows) => this.#move(rows, id, to)),
      remove: (id) => write((rows) => change(rows, [id, undefined, null])),
      truncate: () =>
        write((rows) => {
          rows.clear();
          return this.bug === "says nothing of a truncation" ? [] : [{ kind: "truncation" }];
        }),
    };
  }

  #move(rows: Rows, from: number, to: number): readonly Written[] {
    const make = rows.get(from) ?? null;
    if (this.bug === "tells a changed key as an update") {
      return [{ action: "UPDATED", before: rowOf(from, make), after: rowOf(to, make), moved: false }];
    }
    const halves = [...change(rows, [from, undefined, null]), ...change(rows, [undefined, to, make])];
    return halves.map((half) => ("action" in half ? { ...half, moved: true } : half));
  }

  #commit(statements: readonly Statement[], rows: Rows): void {
    this.#transactions += 1;
    const transaction = String(this.#transactions);
    const written = statements.flatMap((statement) => statement(rows));
    if (this.bug === "sorts the changes of a transaction") written.sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
    if (this.bug === "tells events after the changes")
      written.sort((a, b) => Number("kind" in a) - Number("kind" in b));
    const captured = written.map((one, index) => this.#captured(one, transaction, index));
    const { bug } = this;
    const kept = captured.filter((_, index) => bug !== "misses a change now and then" || index % 200 !== 199);
    this.committed.add(transaction);
    if (bug === "forgets what is committed while nobody reads" && !this.lead && this.token > 0) return;
    if (bug === "turns two transactions around" && this.#transactions % 9 === 0) this.#insertBeforeLast(kept);
    else this.log.push(...kept);
  }

  #insertBeforeLast(captured: readonly Captured[]): void {
    const last = this.log.pop();
    this.log.push(...captured, ...(last ? [last] : []));
  }

  #captured(one: Written, transaction: string, index: number): Captured {
    const place = { epoch: "toy1", major: BigInt(this.#transactions), minor: BigInt(index) };
    const at = this.bug === "has no time" ? 0 : systemClock.now();
    if (!("kind" in one)) {
      const before = this.bug === "leaves out the row before" ? null : one.before;
      return { kind: "change", place, table, at, transaction, ...one, before };
    }
    if (one.kind === "event") return { ...one, place, at };
    return { kind: "truncation", place, table, at, transaction };
  }
}

class ToySource implements Source {
  readonly name = "toy";
  readonly #database: ToyDatabase;
  readonly #owner = new AbortController();
  #readings = 0;

  constructor(database: ToyDatabase) {
    this.#database = database;
  }

  async *changes(signal: AbortSignal, onState?: (state: SourceState) => void): AsyncIterableIterator<Batch> {
    const database = this.#database;
    const { bug } = database;
    this.#assertOpen();
    const end = AbortSignal.any([signal, this.#owner.signal]);
    this.#readings += 1;
    if (bug === "can be read once" && this.#readings > 1) return;
    if (end.aborted && bug !== "begins though its signal has aborted") return;
    const lead = {};
    for (let told = false; database.lead && database.bug !== "lets two lead"; told = true) {
      if (!told) onState?.("standby");
      await pause(systemClock, 1, end);
      if (end.aborted) return;
    }
    if (bug === "never takes over" && database.token > 0) await pause(systemClock, 60_000, end);
    database.lead = lead;
    if (bug !== "has one token for all" || database.token === 0) database.token += 1;
    if (bug !== "says too late that it leads") onState?.("leading");
    try {
      yield* this.#batches(lead, end);
    } finally {
      if (database.lead === lead) database.lead = undefined;
    }
  }

  async publish(transaction: Transaction, { topic, payload, id }: TransactionalEvent): Promise<void> {
    await transaction.query("publish", [topic, JSON.stringify(payload ?? null), id ?? null]);
  }

  async snapshot(request: SnapshotRequest, signal?: AbortSignal): Promise<TableSnapshot> {
    const { bug, committed, open, rows: current } = this.#database;
    this.#assertOpen();
    if (bug !== "reads for somebody who has left") signal?.throwIfAborted();
    const { equal = {}, key, limit } = request;
    const columns = [...key, ...Object.keys(equal)];
    const isKnown = request.table.name === table.name && columns.every((name) => name === "id" || name === "make");
    if (!isKnown && bug === "takes a table that there is not for an empty one")
      return { rows: [], includes: () => true };
    if (!isKnown) throw new FanfareError("SOURCE_NOT_READY", "There is no such table or column");
    const rows = new Map(current);
    if (bug === "shows what is not committed") for (const statement of [...open].flat()) statement(rows);
    const all = [...rows].map(([id, make]) => rowOf(id, make)).filter((row) => this.#matches(row, equal));
    if (all.length > limit && bug !== "cuts at the limit") throw new FanfareError("OVERFLOW", "There are more rows");
    const seen = new Set(committed);
    if (bug === "tells a change before it can be seen") seen.delete([...seen].at(-1) ?? "");
    return {
      rows: all.toSorted((a, b) => this.#order(a, b)).slice(0, limit),
      includes: (transaction) => bug === "takes every change for one that is shown" || seen.has(transaction),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isSecond = this.#owner.signal.aborted;
    this.#owner.abort();
    if (isSecond && this.#database.bug === "hangs when it is disposed twice") await new Promise(() => {});
  }

  async *#batches(lead: object, end: AbortSignal): AsyncIterableIterator<Batch> {
    const database = this.#database;
    const { bug, token } = database;
    const waiting = bug === undefined || !deaf.has(bug) ? end : new AbortController().signal;
    // A reading that ignores its signal ends after a while, so that its test ends.
    for (let [given, read, looks] = [0, this.#beginning(), 0]; looks < 1_000; looks += 1) {
      if (waiting.aborted || (end.aborted && bug === "gives a batch after its signal" && given !== 1)) return;
      if (!isForgetful(bug)) read = Math.max(read, database.confirmed);
      const changes = database.log.slice(read, read + batchSize);
      if (changes.length > 0 || (bug === "gives empty batches" && looks === 0)) {
        const placed = bug === "repeats an event with another id" ? changes.map((one) => moved(one, given)) : changes;
        yield this.#batch(placed, read, lead, token);
        if (isForgetful(bug)) read += changes.length;
        given += 1;
      } else await pause(systemClock, 1, waiting);
    }
  }

  /** The entry of the log at which a new leader begins. */
  #beginning(): number {
    const { bug, confirmed, log, token } = this.#database;
    if (bug === "forgets what was confirmed") return 0;
    return bug === "forgets what was not confirmed" && token > 1 ? log.length : confirmed;
  }

  #batch(changes: readonly Captured[], from: number, lead: object, token: number): Batch {
    const database = this.#database;
    return {
      changes,
      lag: { rows: changes.length, milliseconds: 0 },
      fence: { scope: "toy", token },
      ...(database.bug === "gives again what it says that it does not" && { mayRepeat: false }),
      leads: () => database.lead === lead,
      async confirm() {
        if (database.lead !== lead && database.bug !== "lets a former leader confirm") {
          throw new FanfareError("LEAD_LOST", "Another process leads by now");
        }
        database.confirmed = Math.max(database.confirmed, from + changes.length);
      },
    };
  }

  #assertOpen(): void {
    if (!this.#owner.signal.aborted || this.#database.bug === "goes on after its end") return;
    throw new FanfareError("CLOSED", "The source was disposed");
  }

  #matches(row: CapturedRow, equal: CapturedRow): boolean {
    const { bug } = this.#database;
    return Object.entries(equal).every(
      ([name, value]) => row[name] === value && (value !== null || bug !== "looks for null as for a text"),
    );
  }

  #order(a: CapturedRow, b: CapturedRow): number {
    const [one, other] = [a["id"] ?? "", b["id"] ?? ""];
    return this.#database.bug === "orders keys as texts" ? one.localeCompare(other) : Number(one) - Number(other);
  }
}

/** Whether the source reads on without confirmation. */
function isForgetful(bug: SourceBug | undefined): boolean {
  return bug === "goes on without a confirmation" || bug === "forgets what was confirmed";
}

/** Executes a change of a row: from a key, to a key, with a make. */
function change(
  rows: Rows,
  [from, to, make]: readonly [number | undefined, number | undefined, string | null],
): readonly Written[] {
  const before = from === undefined || !rows.has(from) ? null : rowOf(from, rows.get(from) ?? null);
  if (from !== undefined && !before) return [];
  if (from !== undefined) rows.delete(from);
  if (to !== undefined) rows.set(to, make);
  const after = to === undefined ? null : rowOf(to, make);
  const action = before ? (after ? "UPDATED" : "DELETED") : "CREATED";
  return [{ action, before, after, moved: false }];
}

function rowOf(id: number, make: string | null): CapturedRow {
  return { id: String(id), make };
}

function keyOf(one: Written): string {
  return "action" in one ? ((one.after ?? one.before)?.["id"] ?? "") : "";
}

function moved(one: Captured, by: number): Captured {
  return { ...one, place: { ...one.place, minor: one.place.minor + BigInt(1_000 * by) } };
}
