import type { Writable } from "node:stream";

/** From here pieces are handed over as they are: a thousand slow clients would hold a thousand copies. */
const referenceBytes = 3_072;

/** Chunks up to this length are made in one place again and again, which costs no memory and stays in the cache. */
const scratchBytes = 4_096;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const lineEnd = Buffer.from("\r\n");

/** Up to here a loop copies faster than a call into the engine does; measured with Node 24. */
const loopBytes = 12;

// On its way to a kernel that takes it at once: nearly always.
let scratch = Buffer.allocUnsafeSlow(scratchBytes);
let scratchView = scratch;

/**
 * Writes pieces to a body, in one system call: as one chunk where the body is chunked (RFC 9112, 7.1). Pieces from
 * 3 KiB on are not copied, so nobody may change them afterwards.
 *
 * @param count pieces to take from `parts`.
 */
export function writeChunk(stream: Writable, parts: readonly Uint8Array[], count: number, chunked: boolean): void {
  let length = 0;
  let longest = 0;
  for (let index = 0; index < count; index++) {
    const size = parts[index]?.length ?? 0;
    length += size;
    if (size > longest) longest = size;
  }
  // An empty chunk would be the end of the body.
  if (length === 0) return;
  if (longest >= referenceBytes) return writeByReference(stream, parts, count, chunked ? length : 0);
  const total = chunked ? hexDigits(length) + 2 + length + 2 : length;
  if (total > scratchBytes || stream.writableLength > 0) {
    stream.write(fill(Buffer.allocUnsafe(total), parts, count, chunked ? length : 0));
    return;
  }
  if (scratchView.length !== total) scratchView = scratch.subarray(0, total);
  stream.write(fill(scratchView, parts, count, chunked ? length : 0));
  if (stream.writableLength === 0) return;
  // The kernel did not take it: the stream still needs these bytes as they are.
  scratch = Buffer.allocUnsafeSlow(scratchBytes);
  scratchView = scratch;
}

/** @param length of the chunk; 0: no chunk around it. */
function fill(target: Buffer, parts: readonly Uint8Array[], count: number, length: number): Buffer {
  let at = length > 0 ? writeSize(target, length) : 0;
  for (let index = 0; index < count; index++) at = copy(target, at, parts[index]);
  if (length > 0) {
    target[at] = carriageReturn;
    target[at + 1] = lineFeed;
  }
  return target;
}

function writeByReference(stream: Writable, parts: readonly Uint8Array[], count: number, length: number): void {
  stream.cork();
  if (length > 0) {
    const size = Buffer.allocUnsafe(hexDigits(length) + 2);
    writeSize(size, length);
    stream.write(size);
  }
  for (let index = 0; index < count; index++) {
    const piece = parts[index];
    if (piece && piece.length > 0) stream.write(piece.length < referenceBytes ? Buffer.from(piece) : piece);
  }
  if (length > 0) stream.write(lineEnd);
  stream.uncork();
}

function hexDigits(length: number): number {
  let digits = 1;
  for (let rest = length >>> 4; rest > 0; rest >>>= 4) digits++;
  return digits;
}

/** Answers where the next byte goes. */
function writeSize(target: Buffer, length: number): number {
  const digits = hexDigits(length);
  for (let at = digits - 1, rest = length; at >= 0; at--, rest >>>= 4) {
    const digit = rest & 0xf;
    target[at] = digit < 10 ? 0x30 + digit : 0x57 + digit;
  }
  target[digits] = carriageReturn;
  target[digits + 1] = lineFeed;
  return digits + 2;
}

function copy(target: Buffer, at: number, piece: Uint8Array | undefined): number {
  if (!piece) return at;
  const { length } = piece;
  if (length > loopBytes) target.set(piece, at);
  else for (let index = 0; index < length; index++) target[at + index] = piece[index] ?? 0;
  return at + length;
}
