import { opcodes } from "./frame.ts";

/** What a server has to understand of the bytes of a client, by RFC 6455 alone. */
export type Heard =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "binary" }
  | { readonly type: "ping"; readonly payload: string }
  | { readonly type: "pong" }
  /** The client closes; `answer` is the code to be sent back. */
  | { readonly type: "close"; readonly answer: number }
  /** Against the protocol: the code to close with. */
  | { readonly type: "wrong"; readonly code: number };

interface Frame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

const maxBytes = 262_144;
const maxFragments = 64;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a client's bytes as RFC 6455, section 5, says. Written for clarity and from the document, so that it can tell
 * whether the server is right. Ends with the first thing that ends the connection; half a frame at the end is no news.
 */
export function read(bytes: Buffer): Heard[] {
  const heard: Heard[] = [];
  let at = 0;
  let parts: Buffer[] = [];
  let kind = 0;
  while (at < bytes.length) {
    const next = takeFrame(bytes, at, kind !== 0, total(parts));
    if (next === undefined) return heard;
    if (typeof next === "number") return [...heard, { type: "wrong", code: next }];
    const { frame } = next;
    at = next.end;
    if (frame.opcode >= opcodes.close) {
      const control = controlOf(frame);
      heard.push(control);
      if (control.type === "close" || control.type === "wrong") return heard;
      continue;
    }
    if (frame.opcode !== opcodes.continuation) kind = frame.opcode;
    parts.push(frame.payload);
    if (parts.length > maxFragments) return [...heard, { type: "wrong", code: 1008 }];
    if (!frame.fin) continue;
    const message = messageOf(kind, Buffer.concat(parts));
    heard.push(message);
    if (message.type === "wrong") return heard;
    parts = [];
    kind = 0;
  }
  return heard;
}

/** A frame and where it ends; the code to close with; or undefined while it is not whole. */
function takeFrame(
  bytes: Buffer,
  at: number,
  fragmented: boolean,
  before: number,
): { readonly frame: Frame; readonly end: number } | number | undefined {
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first === undefined || second === undefined) return undefined;
  const fin = first >= 0x80;
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) return 1002;
  if ((opcode > opcodes.binary && opcode < opcodes.close) || opcode > opcodes.pong) return 1002;
  const isControl = opcode >= opcodes.close;
  if (!isControl && (opcode === opcodes.continuation) !== fragmented) return 1002;
  if (isControl && (!fin || (second & 0x7f) > 125)) return 1002;
  if (second < 0x80) return 1002;
  const short = second & 0x7f;
  const start = at + 2 + (short === 127 ? 8 : short === 126 ? 2 : 0);
  if (bytes.length < start) return undefined;
  const length =
    short === 127 ? bytes.readBigUInt64BE(at + 2) : BigInt(short === 126 ? bytes.readUInt16BE(at + 2) : short);
  if (!isControl && length + BigInt(before) > maxBytes) return 1009;
  const end = start + 4 + Number(length);
  if (bytes.length < end) return undefined;
  const mask = bytes.subarray(start, start + 4);
  const payload = Buffer.from(bytes.subarray(start + 4, end).map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return { frame: { fin, opcode, payload }, end };
}

function controlOf({ opcode, payload }: Frame): Heard {
  if (opcode === opcodes.ping) return { type: "ping", payload: payload.toString() };
  if (opcode === opcodes.pong) return { type: "pong" };
  if (payload.length === 0) return { type: "close", answer: 1005 };
  const code = payload.length === 1 ? 0 : payload.readUInt16BE(0);
  if (!mayBeSent(code)) return { type: "wrong", code: 1002 };
  return textOf(payload.subarray(2)) === undefined ? { type: "wrong", code: 1007 } : { type: "close", answer: code };
}

/** RFC 6455, 7.4, and the codes that were registered since. */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}

function messageOf(kind: number, payload: Buffer): Heard {
  if (kind === opcodes.binary) return { type: "binary" };
  const text = textOf(payload);
  return text === undefined ? { type: "wrong", code: 1007 } : { type: "text", text };
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function total(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
