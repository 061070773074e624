import type { Captured, CapturedEvent, TableName } from "../../contract/captured.ts";
import type { Lsn } from "./lsn.ts";
import type { BeginMessage, RelationMessage, RowMessage, TextMessage, TruncateMessage } from "./message.ts";
import type { Relation } from "./relation.ts";
import type { WalMessage } from "./waiting-messages.ts";
import type { WalConnection } from "./wal-connection.ts";

/** The outcome of one {@link ChangeReader.read}. */
export interface Reading {
  /** May be empty. */
  readonly changes: readonly Captured[];
  /** The ids of the changes' transactions. */
  readonly transactions: readonly bigint[];
  /** The time of the first transaction's commit, in milliseconds since 1970. */
  readonly oldest: number | undefined;
  /** The position to confirm when the changes are published: after the last transaction that was read to its end. */
  readonly end: Lsn;
}

export interface ChangeReaderOptions {
  readonly wal: Pick<WalConnection, "arrival" | "take" | "taken" | "peek">;
  readonly epoch: string;
  readonly from: Lsn;
  /**
   * The largest number of changes in a reading; one more if the last is an update of a primary key, which gives two.
   */
  readonly limit: number;
  /** The prefix of the logical messages that are published events. */
  readonly prefix: string;
  isCaptured(table: TableName): boolean;
  /** Looks up the types and the primary key of a table. */
  describe(message: RelationMessage): Promise<Relation>;
  wholeId(xid: number): bigint;
  /** Called for a change whose old row is not in the log. */
  onIncomplete(table: TableName): void;
}

interface Transaction extends Omit<BeginMessage, "kind" | "xid"> {
  readonly id: bigint;
  /** The number of changes so far, those of other tables included, so that places do not depend on the options. */
  count: bigint;
}

/** The number of bytes of the log after which a reading ends; a larger message is read alone. */
const mostBytes = 1_048_576;

/** Decodes the log's messages into captured changes. */
export class ChangeReader {
  readonly #options: ChangeReaderOptions;
  /** By id; bounded by the number of captured tables. */
  readonly #relations = new Map<number, Relation>();
  #transaction: Transaction | undefined;
  #end: Lsn;
  #changes: Captured[] = [];
  #transactions = new Map<bigint, number>();
  /** The tables for which this transaction has captured a truncation because an old row was missing. */
  readonly #incomplete = new Set<number>();

  constructor(options: ChangeReaderOptions) {
    this.#options = options;
    this.#end = options.from;
  }

  /**
   * Waits for messages and reads those that have arrived, up to the limits in changes and bytes. It waits for the rest
   * of a transaction, including its commit: the server sends a transaction without a pause, and only a position after a
   * commit can be confirmed.
   */
  async read(signal: AbortSignal): Promise<Reading> {
    const { wal, limit } = this.#options;
    this.#changes = [];
    this.#transactions = new Map();
    const from = wal.taken;
    await wal.arrival(signal);
    while (this.#changes.length < limit && wal.taken - from < mostBytes) {
      const message = wal.take();
      if (!message) {
        if (await this.#isComplete(signal)) break;
        continue;
      }
      const looked = this.#take(message);
      if (looked) await looked;
    }
    if (this.#transaction) await wal.arrival(signal);
    if (wal.peek()?.kind === "commit") this.#commit(wal.take());
    const [oldest] = this.#transactions.values();
    return { changes: this.#changes, transactions: [...this.#transactions.keys()], oldest, end: this.#end };
  }

  /** Resolves with false when further messages of the transaction have arrived. */
  async #isComplete(signal: AbortSignal): Promise<boolean> {
    if (this.#transaction) await this.#options.wal.arrival(signal);
    return this.#options.wal.peek() === undefined;
  }

  /** Processes a message; a promise only if a table has to be looked up. */
  #take(message: WalMessage): Promise<void> | undefined {
    switch (message.kind) {
      case "begin":
        this.#begin(message);
        return undefined;
      case "commit":
        this.#commit(message);
        return undefined;
      case "progress":
        // Within a transaction the server's position may be ahead of the messages that it has sent.
        if (!this.#transaction && message.end > this.#end) this.#end = message.end;
        return undefined;
      case "relation":
        return this.#describe(message);
      case "row":
        this.#row(message);
        return undefined;
      case "truncate":
        this.#truncate(message);
        return undefined;
      case "text":
        this.#text(message);
        return undefined;
    }
  }

  #begin({ lsn, at, xid }: BeginMessage): void {
    this.#transaction = { lsn, at, id: this.#options.wholeId(xid), count: 0n };
    this.#incomplete.clear();
  }

  #commit(message: WalMessage | undefined): void {
    if (message?.kind !== "commit") return;
    this.#transaction = undefined;
    this.#end = message.end;
  }

  async #describe(message: RelationMessage): Promise<void> {
    if (!this.#options.isCaptured(message)) this.#relations.delete(message.id);
    else this.#relations.set(message.id, await this.#options.describe(message));
  }

  #row({ relation: id, action, before, after }: RowMessage): void {
    const relation = this.#relations.get(id);
    const minor = this.#number(2n);
    if (!relation || minor === undefined) return;
    if (action !== "CREATED" && !before) return this.#incompleteChange(id, relation, minor);
    if (before && after && !relation.hasSameKey(before, after)) {
      this.#change(relation, minor, { action: "DELETED", before: relation.row(before), after: null, moved: true });
      const moved = relation.row(after, before);
      this.#change(relation, minor + 1n, { action: "CREATED", before: null, after: moved, moved: true });
    } else if (!before || !after || !relation.isSame(before, after)) {
      this.#change(relation, minor, {
        action,
        before: before ? relation.row(before) : null,
        after: after ? relation.row(after, before) : null,
        moved: false,
      });
    }
  }

  #change(
    { table }: Relation,
    minor: bigint,
    change: Pick<Extract<Captured, { kind: "change" }>, "action" | "before" | "after" | "moved">,
  ): void {
    this.#add((transaction) => ({
      kind: "change",
      place: this.#place(transaction, minor),
      table,
      ...change,
      at: transaction.at,
      transaction: String(transaction.id),
    }));
  }

  /** Captures a truncation of the table, once per transaction, since its rows may have changed in any way. */
  #incompleteChange(id: number, { table }: Relation, minor: bigint): void {
    if (this.#incomplete.has(id)) return;
    this.#incomplete.add(id);
    this.#options.onIncomplete(table);
    this.#truncation(table, minor);
  }

  #truncate({ relations }: TruncateMessage): void {
    for (const id of relations) {
      const relation = this.#relations.get(id);
      const minor = this.#number(1n);
      if (relation && minor !== undefined) this.#truncation(relation.table, minor);
    }
  }

  #truncation(table: TableName, minor: bigint): void {
    this.#add((transaction) => ({
      kind: "truncation",
      place: this.#place(transaction, minor),
      table,
      at: transaction.at,
      transaction: String(transaction.id),
    }));
  }

  #text({ transactional, prefix, content }: TextMessage): void {
    const minor = transactional ? this.#number(1n) : undefined;
    if (minor === undefined || prefix !== this.#options.prefix) return;
    const published = readPublished(content);
    if (!published) return;
    this.#add((transaction) => ({
      kind: "event",
      place: this.#place(transaction, minor),
      ...published,
      at: transaction.at,
    }));
  }

  /** Numbers a message that can give `many` changes; undefined outside a transaction. */
  #number(many: bigint): bigint | undefined {
    if (!this.#transaction) return undefined;
    const number = this.#transaction.count;
    this.#transaction.count += many;
    return number;
  }

  #place({ lsn }: Transaction, minor: bigint): Captured["place"] {
    return { epoch: this.#options.epoch, major: lsn, minor };
  }

  #add(make: (transaction: Transaction) => Captured): void {
    if (!this.#transaction) return;
    this.#transactions.set(this.#transaction.id, this.#transaction.at);
    this.#changes.push(make(this.#transaction));
  }
}

/** Reads a message of the function `publish`; undefined for any other JSON with its prefix. */
function readPublished(content: string): Pick<CapturedEvent, "topic" | "payload" | "id"> | undefined {
  const message: unknown = JSON.parse(content);
  if (typeof message !== "object" || message === null) return undefined;
  if (!("topic" in message) || typeof message.topic !== "string" || !("payload" in message)) return undefined;
  const id = "event" in message && typeof message.event === "string" ? message.event : undefined;
  return { topic: message.topic, payload: message.payload, id };
}
