import type { Writable } from "node:stream";

/** FIN and the opcode of a text message (RFC 6455, 5.2). */
const finalText = 0x81;

/** Up to here a loop copies faster than a call into the engine does; measured with Node 24. */
const loopBytes = 12;

/**
 * From here the shared bytes are handed over as they are: with a copy of them a frame soon no longer fits into Node's
 * buffer pool, and a thousand slow clients would hold a thousand copies.
 */
const referenceBytes = 3_072;

/** Frames up to this length are made in one place again and again, which costs no memory and stays in the cache. */
const scratchBytes = 4_096;

/**
 * Writes `count` text messages as unmasked frames, in one system call. `parts` holds three pieces of each message:
 * head, shared bytes, tail. Shared bytes from 3 KiB on are not copied, so nobody may change them afterwards.
 */
export function writeFrames(stream: Writable, parts: readonly Uint8Array[], count: number): void {
  let copied = 0;
  for (let index = 0; index < count; index++) {
    const shared = parts[3 * index + 1];
    if (!shared || shared.length < referenceBytes) continue;
    if (copied === 0) stream.cork();
    if (copied < index) writeCopies(stream, parts, copied, index);
    writeByReference(stream, parts, index);
    copied = index + 1;
  }
  if (copied < count) writeCopies(stream, parts, copied, count);
  if (copied > 0) stream.uncork();
}

/** Frames on their way to a kernel that takes them at once: nearly all. Most are as long as the ones before. */
let scratch = Buffer.allocUnsafeSlow(scratchBytes);
let scratchView = scratch;

/** Writes messages as one piece. */
function writeCopies(stream: Writable, parts: readonly Uint8Array[], from: number, to: number): void {
  let total = 0;
  for (let index = from; index < to; index++) {
    const length = messageLength(parts, index);
    total += headerLength(length) + length;
  }
  if (total > scratchBytes || stream.writableLength > 0) {
    stream.write(fill(Buffer.allocUnsafe(total), parts, from, to));
    return;
  }
  if (scratchView.length !== total) scratchView = scratch.subarray(0, total);
  stream.write(fill(scratchView, parts, from, to));
  if (stream.writableLength === 0) return;
  // The kernel did not take it: the stream still needs these bytes as they are.
  scratch = Buffer.allocUnsafeSlow(scratchBytes);
  scratchView = scratch;
}

function fill(target: Buffer, parts: readonly Uint8Array[], from: number, to: number): Buffer {
  let at = 0;
  for (let index = from; index < to; index++) {
    at = writeHeader(target, at, messageLength(parts, index));
    at = copy(target, at, parts[3 * index]);
    at = copy(target, at, parts[3 * index + 1]);
    at = copy(target, at, parts[3 * index + 2]);
  }
  return target;
}

function writeByReference(stream: Writable, parts: readonly Uint8Array[], index: number): void {
  const [head, shared, tail] = [parts[3 * index], parts[3 * index + 1], parts[3 * index + 2]];
  const length = messageLength(parts, index);
  const start = Buffer.allocUnsafe(headerLength(length) + (head?.length ?? 0));
  copy(start, writeHeader(start, 0, length), head);
  stream.write(start);
  if (shared) stream.write(shared);
  // Shorter pieces may not be kept.
  if (tail && tail.length > 0) stream.write(Buffer.from(tail));
}

function messageLength(parts: readonly Uint8Array[], index: number): number {
  const head = parts[3 * index]?.length ?? 0;
  const shared = parts[3 * index + 1]?.length ?? 0;
  const tail = parts[3 * index + 2]?.length ?? 0;
  return head + shared + tail;
}

function headerLength(length: number): number {
  if (length < 126) return 2;
  return length < 65_536 ? 4 : 10;
}

function writeHeader(target: Buffer, at: number, length: number): number {
  target[at] = finalText;
  if (length < 126) {
    target[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    target[at + 1] = 126;
    target[at + 2] = length >>> 8;
    target[at + 3] = length & 0xff;
    return at + 4;
  }
  target[at + 1] = 127;
  target.writeUInt32BE(Math.floor(length / 2 ** 32), at + 2);
  target.writeUInt32BE(length >>> 0, at + 6);
  return at + 10;
}

function copy(target: Buffer, at: number, piece: Uint8Array | undefined): number {
  if (!piece) return at;
  const { length } = piece;
  if (length > loopBytes) target.set(piece, at);
  else for (let index = 0; index < length; index++) target[at + index] = piece[index] ?? 0;
  return at + length;
}
