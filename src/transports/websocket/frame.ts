import type { Writable } from "node:stream";
import { copy } from "../byte-copy.ts";

/** The first byte of a frame: FIN and the opcode of a text message (RFC 6455, 5.2). */
const finalText = 0x81;

/**
 * Bytes from which shared bytes are written by reference (zero-copy): a frame with a copy would exceed Node's buffer
 * pool, and slow clients would hold a copy each.
 */
const referenceBytes = 3_072;

/**
 * Bytes of the scratch buffer, in which short frames are built without allocation. It stays in the processor's cache.
 */
const scratchBytes = 4_096;

/**
 * Writes `count` text messages as unmasked frames, in one system call. `parts` has three pieces per message: head,
 * shared bytes, tail. Shared bytes from 3 KiB on are written by reference: never change them afterwards.
 *
 * @param stream a socket for which `isKernelSocket` holds: short frames are built in memory that is used again.
 * @returns false if the stream has to be drained, as `stream.write` does.
 */
export function writeFrames(stream: Writable, parts: readonly Uint8Array[], count: number): boolean {
  let copied = 0;
  let mayGoOn = true;
  for (let index = 0; index < count; index++) {
    const shared = parts[3 * index + 1];
    if (!shared || shared.length < referenceBytes) continue;
    if (copied === 0) stream.cork();
    if (copied < index) writeCopies(stream, parts, copied, index);
    mayGoOn = writeByReference(stream, parts, index);
    copied = index + 1;
  }
  if (copied < count) mayGoOn = writeCopies(stream, parts, copied, count);
  if (copied > 0) stream.uncork();
  return mayGoOn;
}

/**
 * Reused after each write that the kernel takes at once, which is the usual case. The view is kept for equal lengths.
 */
let scratch = Buffer.allocUnsafeSlow(scratchBytes);
let scratchView = scratch;

/** Writes messages as one copied piece. */
function writeCopies(stream: Writable, parts: readonly Uint8Array[], from: number, to: number): boolean {
  let total = 0;
  for (let index = from; index < to; index++) {
    const length = messageLength(parts, index);
    total += headerLength(length) + length;
  }
  if (total > scratchBytes || stream.writableLength > 0) {
    return stream.write(fill(Buffer.allocUnsafe(total), parts, from, to));
  }
  if (scratchView.length !== total) scratchView = scratch.subarray(0, total);
  const mayGoOn = stream.write(fill(scratchView, parts, from, to));
  if (stream.writableLength === 0) return mayGoOn;
  // The kernel did not take the bytes: the stream holds this buffer, so a new one is needed.
  scratch = Buffer.allocUnsafeSlow(scratchBytes);
  scratchView = scratch;
  return mayGoOn;
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

function writeByReference(stream: Writable, parts: readonly Uint8Array[], index: number): boolean {
  const [head, shared, tail] = [parts[3 * index], parts[3 * index + 1], parts[3 * index + 2]];
  const length = messageLength(parts, index);
  const start = Buffer.allocUnsafe(headerLength(length) + (head?.length ?? 0));
  copy(start, writeHeader(start, 0, length), head);
  let mayGoOn = stream.write(start);
  if (shared) mayGoOn = stream.write(shared);
  // Copied: the caller may reuse the buffer of a head or tail.
  if (tail && tail.length > 0) mayGoOn = stream.write(Buffer.from(tail));
  return mayGoOn;
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
