import type { CloseCode, CloseCodeName } from "../dialects/close-code.ts";

type Own = Extract<
  CloseCodeName,
  "normal" | "goingAway" | "overload" | "badRequest" | "forbidden" | "subprotocolNotAcceptable" | "internalError"
>;

/** The codes that the transport itself closes with; a test holds them to the table of all codes. */
export const closes: Readonly<Record<Own, CloseCode>> = {
  normal: { code: 1000, reason: "Done", retry: false },
  goingAway: { code: 1001, reason: "Going away", retry: true },
  overload: { code: 1013, reason: "Try again later", retry: true },
  badRequest: { code: 4400, reason: "Bad request", retry: false },
  forbidden: { code: 4403, reason: "Forbidden", retry: true },
  subprotocolNotAcceptable: { code: 4406, reason: "Subprotocol not acceptable", retry: false },
  internalError: { code: 4500, reason: "Internal server error", retry: false },
};

/** A close frame holds 125 bytes, two of which are the code (RFC 6455, 5.5.1). */
const maxBytes = 123;

/** Cuts a reason to what a close frame takes, between two characters. */
export function fitReason(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.length <= maxBytes) return reason;
  let end = maxBytes;
  // A byte 10xxxxxx continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}
