import { FanfareError } from "../base/error.ts";

/**
 * What clients may take of sockets, event streams and the server that `listen` starts, before any session is asked. All
 * are whole numbers from 1 to 2,147,483,647. Infinity turns a limit off, but for `closeMilliseconds` and
 * `refusalMilliseconds`: the end of a connection is never waited for without a bound.
 */
export interface TransportLimits {
  /** Frames that one WebSocket message may be sent in. Default 64. Over it: close 1008. */
  readonly messageFragments: number;
  /** Pieces, as the network delivers them, of a WebSocket message that has not arrived whole. Default 1,024. Over it: close 1008. */
  readonly messageChunks: number;
  /** Answers to a client's WebSocket pings that may wait for it. Default 1,000. Over it: cut, without a code. */
  readonly pendingPongs: number;
  /** Refused WebSockets that may take their time to answer the close. Default 1,000. Over it: refused by HTTP status. */
  readonly refusals: number;
  /** Milliseconds that a refused WebSocket may take for that. Default 1,000. Over it: cut. */
  readonly refusalMilliseconds: number;
  /** Event streams that were reserved and not opened yet. Default 1,000. Over it: HTTP status 503. */
  readonly reservations: number;
  /** Milliseconds from reserving an event stream to opening it. Default 10,000. Over it: the token is forgotten. */
  readonly reservationMilliseconds: number;
  /**
   * Milliseconds that a client may take to answer the close of its WebSocket, or to read the end of its event stream, and
   * that running requests get when the server of `listen` is disposed. Default 5,000. Over it: cut.
   */
  readonly closeMilliseconds: number;
  /**
   * Headers of one request to the server of `listen`. Default 100. Over it: HTTP status 431; older versions of Node ignore
   * the further ones.
   */
  readonly requestHeaders: number;
  /**
   * Milliseconds from connecting to the server of `listen`, or from the first byte of a further request, to the end of the
   * headers. Default 5,000. Over it: HTTP status 408.
   */
  readonly headersMilliseconds: number;
  /** Milliseconds in which a request to the server of `listen` must have arrived whole. Default 30,000. Over it: status 408. */
  readonly requestMilliseconds: number;
}

export const defaultTransportLimits: TransportLimits = {
  messageFragments: 64,
  messageChunks: 1_024,
  pendingPongs: 1_000,
  refusals: 1_000,
  refusalMilliseconds: 1_000,
  reservations: 1_000,
  reservationMilliseconds: 10_000,
  closeMilliseconds: 5_000,
  requestHeaders: 100,
  headersMilliseconds: 5_000,
  requestMilliseconds: 30_000,
};

/** Node's timers and `ws` count in 32 bits, and would take a larger number for a small one. */
const largest = 2 ** 31 - 1;

const alwaysOn: readonly string[] = ["refusalMilliseconds", "closeMilliseconds"] satisfies (keyof TransportLimits)[];

/** Fills the defaults in. Throws FanfareError BAD_OPTION for a limit that has no such value. */
export function transportLimits(given: Partial<TransportLimits> = {}): TransportLimits {
  for (const [name, value] of Object.entries(given)) {
    const mayBeOff = !alwaysOn.includes(name);
    if (value === Infinity && mayBeOff) continue;
    if (Number.isInteger(value) && value >= 1 && value <= largest) continue;
    const allowed = `a whole number from 1 to ${largest}${mayBeOff ? ", or Infinity" : ""}`;
    throw new FanfareError("BAD_OPTION", `limits.${name} is ${value}; it must be ${allowed}`);
  }
  return { ...defaultTransportLimits, ...given };
}
