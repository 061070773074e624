/**
 * Every close code that Fanfare sends on a WebSocket. `retry` says whether the client should reconnect. Stock
 * graphql-ws clients behave accordingly, except that they reconnect after `normal` as well (PROTOCOL 5.3, which has the
 * table with explanations).
 */
export const closeCodes: Readonly<Record<CloseCodeName, CloseCode>> = {
  normal: { code: 1000, reason: "Done", retry: false },
  goingAway: { code: 1001, reason: "Going away", retry: true },
  restart: { code: 1012, reason: "Service restart", retry: true },
  overload: { code: 1013, reason: "Try again later", retry: true },
  badRequest: { code: 4400, reason: "Bad request", retry: false },
  unauthorized: { code: 4401, reason: "Unauthorized", retry: false },
  forbidden: { code: 4403, reason: "Forbidden", retry: true },
  subprotocolNotAcceptable: { code: 4406, reason: "Subprotocol not acceptable", retry: false },
  initTimeout: { code: 4408, reason: "Connection initialisation timeout", retry: true },
  duplicateOperation: { code: 4409, reason: "Subscriber already exists", retry: false },
  tooSlow: { code: 4413, reason: "Too slow", retry: true },
  tooMany: { code: 4429, reason: "Too many initialisation requests", retry: false },
  internalError: { code: 4500, reason: "Internal server error", retry: false },
};

export type CloseCodeName =
  | "normal"
  | "goingAway"
  | "restart"
  | "overload"
  | "badRequest"
  | "unauthorized"
  | "forbidden"
  | "subprotocolNotAcceptable"
  | "initTimeout"
  | "duplicateOperation"
  | "tooSlow"
  | "tooMany"
  | "internalError";

export interface CloseCode {
  readonly code: number;
  /** At most 123 bytes (RFC 6455, 5.5.1). */
  readonly reason: string;
  readonly retry: boolean;
}

/** A close frame holds 125 bytes, two of which are the code (RFC 6455, 5.5.1). */
const maxBytes = 123;

const encoder = new TextEncoder();
const scratch = new Uint8Array(maxBytes);

/** Cuts a close reason to 123 bytes of UTF-8 without splitting a character. */
export function cutReason(reason: string): string {
  // A UTF-16 code unit takes at most three bytes of UTF-8, so a short reason needs no encoding.
  if (reason.length * 3 <= maxBytes) return reason;
  const { read } = encoder.encodeInto(reason, scratch);
  return reason.slice(0, read);
}

/** A client's text for use in a close reason: cut to `max` UTF-16 code units, quoted, control characters escaped. */
export function quoted(text: string, max: number = 24): string {
  const json = JSON.stringify(text.length > max ? `${text.slice(0, max)}…` : text);
  // JSON escapes control characters below U+0020 only; U+009B starts an escape sequence in a terminal that shows a log.
  return json.replaceAll(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}
