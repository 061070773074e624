import { randomBytes } from "node:crypto";

const mask = randomBytes(4).map((byte) => byte | 1);

/** A client's text frame (RFC 6455, section 5.2): always masked. */
export function textFrame(text: string): Buffer {
  return clientFrame(0x81, Buffer.from(text));
}

/** The answer to a server's ping frame. */
export function pongFrame(payload: Uint8Array): Buffer {
  return clientFrame(0x8a, payload);
}

function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  if (payload.length > 0xffff) throw new RangeError("The load client sends frames of at most 64 KiB.");
  const header =
    payload.length < 126
      ? [opcode, 0x80 | payload.length]
      : [opcode, 0x80 | 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Uint8Array.from(header), mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** Told of each frame that is whole: its first byte, and where in the buffer its payload begins and ends. */
export type OnFrame = (opcode: number, buffer: Buffer, start: number, end: number) => void;

/** Walks the frames in a buffer without copying, and returns where the first one begins that is not whole yet. */
export function readFrames(buffer: Buffer, from: number, to: number, onFrame: OnFrame): number {
  let at = from;
  while (to - at >= 2) {
    const length = buffer.readUInt8(at + 1);
    const header = length < 126 ? 2 : length === 126 ? 4 : 10;
    if (to - at < header) break;
    const start = at + header;
    const size = length < 126 ? length : length === 126 ? buffer.readUInt16BE(at + 2) : buffer.readUInt32BE(at + 6);
    if (to - start < size) break;
    onFrame(buffer.readUInt8(at), buffer, start, start + size);
    at = start + size;
  }
  return at;
}
