import type { Writable } from "node:stream";
import { copy } from "../byte-copy.ts";

/** Bytes from which a piece is written by reference (zero-copy): slow clients would otherwise hold a copy each. */
const referenceBytes = 3_072;

/**
 * Bytes of the scratch buffer, in which short chunks are built without allocation. It stays in the processor's cache.
 */
const scratchBytes = 4_096;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const lineEnd = Buffer.from("\r\n");

// Reused after each write that the kernel takes at once, which is the usual case.
let scratch = Buffer.allocUnsafeSlow(scratchBytes);
let scratchView = scratch;

/**
 * Writes pieces to a body in one system call, as one chunk if the body is chunked (RFC 9112, 7.1). Pieces from 3 KiB on
 * are written by reference: never change them afterwards.
 *
 * @param stream a socket for which `isKernelSocket` holds: short chunks are built in memory that is used again.
 * @param count the number of pieces in `parts`.
 * @param chunked whether the body has the transfer coding `chunked`.
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
  // The kernel did not take the bytes: the stream holds this buffer, so a new one is needed.
  scratch = Buffer.allocUnsafeSlow(scratchBytes);
  scratchView = scratch;
}

/** @param length of the chunk; 0: the body is not chunked. */
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

/** Writes a chunk's size in hexadecimal. Returns the offset after it. */
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
