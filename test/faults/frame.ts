/** Opcodes of RFC 6455, 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame as a client may write it, right or wrong. What is left out is as it should be. */
export interface ClientFrame {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  readonly fin?: boolean;
  /** Three bits, of which all must be 0 unless an extension says otherwise. */
  readonly reserved?: number;
  /** Four bytes; undefined leaves the frame unmasked. */
  readonly mask?: Uint8Array | undefined;
  /** What the header claims, whatever the payload's length is. */
  readonly claimedLength?: number;
}

const usualMask = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

export function clientFrame(frame: ClientFrame): Buffer {
  const { opcode, payload = "", fin = true, reserved = 0 } = frame;
  const mask = "mask" in frame ? frame.mask : usualMask;
  const bytes = Buffer.from(payload);
  const length = frame.claimedLength ?? bytes.length;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  return Buffer.concat([
    Uint8Array.of(first),
    lengthField(length, mask ? 0x80 : 0),
    mask ?? new Uint8Array(),
    mask ? bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) : bytes,
  ]);
}

export function textFrame(text: string): Buffer {
  return clientFrame({ opcode: opcodes.text, payload: text });
}

export function messageFrame(message: object): Buffer {
  return textFrame(JSON.stringify(message));
}

function lengthField(length: number, maskBit: number): Buffer {
  if (length < 126) return Buffer.of(maskBit | length);
  if (length < 65_536) return Buffer.of(maskBit | 126, length >> 8, length & 0xff);
  const field = Buffer.alloc(9);
  field[0] = maskBit | 127;
  field.writeBigUInt64BE(BigInt(length), 1);
  return field;
}

/** A frame of the server, taken apart. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/**
 * Takes the whole frames off the front of `bytes`; answers them and what is left. Throws for a frame that a server
 * without extensions may not send (RFC 6455, 5.1 and 5.2).
 */
export function takeServerFrames(bytes: Buffer): { readonly frames: readonly ServerFrame[]; readonly rest: Buffer } {
  const frames: ServerFrame[] = [];
  let at = 0;
  for (let header = serverHeader(bytes, at); header; header = serverHeader(bytes, at)) {
    const { first, start, length } = header;
    if (bytes.length < start + length) break;
    frames.push({ opcode: first & 0x0f, payload: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return { frames, rest: bytes.subarray(at) };
}

function serverHeader(bytes: Buffer, at: number) {
  if (bytes.length - at < 2) return undefined;
  const first = bytes.readUInt8(at);
  const second = bytes.readUInt8(at + 1);
  if ((first & 0xf0) !== 0x80) throw new Error(`The server sent a frame that begins with ${first.toString(16)}`);
  if (second > 127) throw new Error("The server sent a masked frame");
  const start = at + (second === 127 ? 10 : second === 126 ? 4 : 2);
  if (bytes.length < start) return undefined;
  const length =
    second === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : second === 126 ? bytes.readUInt16BE(at + 2) : second;
  return { first, start, length };
}
