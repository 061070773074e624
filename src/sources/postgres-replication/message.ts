import type { Lsn } from "./lsn.ts";
import { WireReader } from "./wire-reader.ts";

/**
 * A column's value: text as PostgreSQL prints it, null, or `unchanged` for a TOASTed value that an update did not
 * change.
 */
export type RawValue = string | null | typeof unchanged;
export const unchanged: unique symbol = Symbol("unchanged");

/** The values of a row, in the order of its relation's columns. */
export type RawRow = readonly RawValue[];

export interface RawColumn {
  readonly name: string;
  /** The oid of the column's type. */
  readonly type: number;
}

/** Begins a committed transaction; `lsn` is the position of its commit. */
export interface BeginMessage {
  readonly kind: "begin";
  readonly lsn: Lsn;
  /** The time of the commit, in milliseconds since 1970. */
  readonly at: number;
  /** The lower 32 bits of the transaction's id. */
  readonly xid: number;
}

export interface CommitMessage {
  readonly kind: "commit";
  /** The position directly after the transaction. */
  readonly end: Lsn;
}

/** Describes a table. It comes before the table's first change, and again after its definition has changed. */
export interface RelationMessage {
  readonly kind: "relation";
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly RawColumn[];
}

/** A row that was inserted, updated or deleted. `before` is complete only with `replica identity full`. */
export interface RowMessage {
  readonly kind: "row";
  readonly relation: number;
  readonly action: "CREATED" | "UPDATED" | "DELETED";
  readonly before: RawRow | undefined;
  readonly after: RawRow | undefined;
}

export interface TruncateMessage {
  readonly kind: "truncate";
  readonly relations: readonly number[];
}

/** A logical message, written by `pg_logical_emit_message`. */
export interface TextMessage {
  readonly kind: "text";
  readonly transactional: boolean;
  readonly prefix: string;
  readonly content: string;
}

export type Message = BeginMessage | CommitMessage | RelationMessage | RowMessage | TruncateMessage | TextMessage;

/**
 * Decodes a message of PostgreSQL's output plugin `pgoutput`, protocol version 1; undefined for an ignored message (an
 * origin, a type's name). https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export function decodeMessage(bytes: Uint8Array): Message | undefined {
  const reader = new WireReader(bytes);
  const letter = reader.letter();
  switch (letter) {
    case "B":
      return { kind: "begin", lsn: reader.uint64(), at: milliseconds(reader.int64()), xid: reader.uint32() };
    case "C":
      return decodeCommit(reader);
    case "R":
      return decodeRelation(reader);
    case "I":
      return decodeInsert(reader);
    case "U":
      return decodeUpdate(reader);
    case "D":
      return decodeDelete(reader);
    case "T":
      return decodeTruncate(reader);
    case "M":
      return decodeText(reader);
    case "O":
    case "Y":
      return undefined;
    default:
      throw new RangeError(`pgoutput sent a message that is not known: ${JSON.stringify(letter)}`);
  }
}

/** PostgreSQL's epoch: its timestamps are microseconds since the beginning of 2000. */
const epoch2000 = Date.UTC(2000, 0, 1);

function milliseconds(microseconds: bigint): number {
  return epoch2000 + Math.floor(Number(microseconds) / 1000);
}

/** The fields in order: flags, the position of the commit, the position after it, the time. */
function decodeCommit(reader: WireReader): CommitMessage {
  reader.byte();
  reader.uint64();
  return { kind: "commit", end: reader.uint64() };
}

function decodeRelation(reader: WireReader): RelationMessage {
  const id = reader.uint32();
  // The protocol writes pg_catalog as the empty string.
  const schema = reader.name() || "pg_catalog";
  const name = reader.name();
  reader.byte();
  const columns = Array.from({ length: reader.int16() }, () => decodeColumn(reader));
  return { kind: "relation", id, schema, name, columns };
}

function decodeColumn(reader: WireReader): RawColumn {
  reader.byte();
  const name = reader.name();
  const type = reader.uint32();
  reader.uint32();
  return { name, type };
}

function decodeInsert(reader: WireReader): RowMessage {
  const relation = reader.uint32();
  reader.letter();
  return { kind: "row", relation, action: "CREATED", before: undefined, after: decodeRow(reader) };
}

/** `O` precedes the complete old row; `K` precedes its replica identity only, which is not enough. */
function decodeUpdate(reader: WireReader): RowMessage {
  const relation = reader.uint32();
  const which = reader.letter();
  const old = which === "N" ? undefined : decodeRow(reader);
  if (which !== "N") reader.letter();
  const after = decodeRow(reader);
  return { kind: "row", relation, action: "UPDATED", before: which === "O" ? old : undefined, after };
}

function decodeDelete(reader: WireReader): RowMessage {
  const relation = reader.uint32();
  const whole = reader.letter() === "O";
  return {
    kind: "row",
    relation,
    action: "DELETED",
    before: whole ? decodeRow(reader) : undefined,
    after: undefined,
  };
}

function decodeRow(reader: WireReader): RawRow {
  return Array.from({ length: reader.int16() }, () => decodeValue(reader));
}

function decodeValue(reader: WireReader): RawValue {
  const letter = reader.letter();
  if (letter === "t") return reader.text(reader.uint32());
  if (letter === "n") return null;
  if (letter === "u") return unchanged;
  throw new RangeError(`pgoutput sent a value in a form that was not asked for: ${JSON.stringify(letter)}`);
}

function decodeTruncate(reader: WireReader): TruncateMessage {
  const length = reader.uint32();
  reader.byte();
  return { kind: "truncate", relations: Array.from({ length }, () => reader.uint32()) };
}

function decodeText(reader: WireReader): TextMessage {
  const transactional = reader.byte() === 1;
  reader.uint64();
  const prefix = reader.name();
  return { kind: "text", transactional, prefix, content: reader.text(reader.uint32()) };
}
