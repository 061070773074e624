const encoder = new TextEncoder();

// A small block: one piece that lives on keeps its whole block in memory.
const blockBytes = 4_096;
const largestPiece = blockBytes / 8;

let block = new Uint8Array(blockBytes);
let used = 0;

/**
 * Text as bytes that will be kept for long, many of them at a time. Short ones are cut from a common block: memory of
 * its own costs a piece of sixty bytes five times its size.
 */
export function lastingBytes(text: string): Uint8Array {
  // A UTF-16 unit takes at most three bytes.
  const most = text.length * 3;
  if (most > largestPiece) return encoder.encode(text);
  if (used + most > blockBytes) {
    block = new Uint8Array(blockBytes);
    used = 0;
  }
  const { written } = encoder.encodeInto(text, block.subarray(used));
  const piece = block.subarray(used, used + written);
  used += written;
  return piece;
}
