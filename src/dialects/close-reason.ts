/** A close frame holds 125 bytes, two of which are the code (RFC 6455, 5.5.1). */
const maxBytes = 123;

const encoder = new TextEncoder();
const scratch = new Uint8Array(maxBytes);

/** Cuts a close reason to 123 bytes of UTF-8 without breaking a character. */
export function cutReason(reason: string): string {
  // A UTF-16 unit is at most three bytes, and most reasons are short.
  if (reason.length * 3 <= maxBytes) return reason;
  const { read } = encoder.encodeInto(reason, scratch);
  return reason.slice(0, read);
}

/** What a client wrote, fit for a reason: cut to `max` characters, quoted, control characters escaped. */
export function quoted(text: string, max: number = 24): string {
  return JSON.stringify(text.length > max ? `${text.slice(0, max)}…` : text);
}
