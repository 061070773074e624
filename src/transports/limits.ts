import { FanfareError } from "../base/error.ts";

/**
 * Limits of sockets, of event streams and of the server that `listen` starts; they apply before those of a session.
 * Each is an integer from 1 to 2,147,483,647. Infinity turns a limit off, except `closeMilliseconds` and
 * `refusalMilliseconds`: closing a connection always has a timeout.
 */
export interface TransportLimits {
  /** Frames that one WebSocket message may be sent in. Default: 64. Over it: close 1008. */
  readonly messageFragments: number;
  /** Chunks, as the network delivers them, of an incomplete WebSocket message. Default: 1,024. Over it: close 1008. */
  readonly messageChunks: number;
  /** Pongs that wait for a client which does not read. Default: 1,000. Over it: terminated, without a close code. */
  readonly pendingPongs: number;
  /** Refused WebSockets that have not answered the close. Default: 1,000. Over it: refused by HTTP status. */
  readonly refusals: number;
  /** Milliseconds in which a refused WebSocket has to answer the close. Default: 1,000. Over it: terminated. */
  readonly refusalMilliseconds: number;
  /** Event streams that are reserved and not yet opened. Default: 1,000. Over it: HTTP status 503. */
  readonly reservations: number;
  /** Those of one network address. Default: 200. Over it: HTTP status 429. */
  readonly reservationsPerAddress: number;
  /** Milliseconds from reserving an event stream to opening it. Default: 10,000. Over it: its token expires. */
  readonly reservationMilliseconds: number;
  /**
   * Milliseconds in which a client has to answer the close of its WebSocket, or to read the end of its event stream,
   * and in which running requests have to end when the server of `listen` is disposed. Default: 5,000. Over it:
   * terminated.
   */
  readonly closeMilliseconds: number;
  /**
   * Headers of one request to the server of `listen`. Default: 100. Over it: HTTP status 431; older versions of Node
   * ignore the further ones.
   */
  readonly requestHeaders: number;
  /**
   * Milliseconds from connecting to the server of `listen`, or from the first byte of a further request, to the end of
   * the headers. Default: 5,000. Over it: HTTP status 408.
   */
  readonly headersMilliseconds: number;
  /**
   * Milliseconds in which a request to the server of `listen` has to arrive. Default: 30,000. Over it: HTTP status 408.
   */
  readonly requestMilliseconds: number;
}

export const defaultTransportLimits: TransportLimits = {
  messageFragments: 64,
  messageChunks: 1_024,
  pendingPongs: 1_000,
  refusals: 1_000,
  refusalMilliseconds: 1_000,
  reservations: 1_000,
  reservationsPerAddress: 200,
  reservationMilliseconds: 10_000,
  closeMilliseconds: 5_000,
  requestHeaders: 100,
  headersMilliseconds: 5_000,
  requestMilliseconds: 30_000,
};

/** Node's timers and `ws` hold signed 32-bit integers: a larger number would overflow. */
const largest = 2 ** 31 - 1;

const alwaysOn: readonly string[] = ["refusalMilliseconds", "closeMilliseconds"] satisfies (keyof TransportLimits)[];

/**
 * Fills in the defaults.
 *
 * @throws FanfareError BAD_OPTION for a limit that is out of range.
 */
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
