import type { Peer } from "../contract/peer.ts";
import type { DetachedBudget } from "../operation/host.ts";
import type { SessionLimits } from "./limits.ts";

/** A connection, as the budget sees it. */
export interface RequestHolder {
  readonly peer: Peer;
  /** Whether `onConnect` has accepted it. */
  readonly accepted: boolean;
  /** Bytes that it has taken. The budget changes them. */
  requestBytes: number;
}

/** What has no room for more: the connection's own share, or what its address or all connections have together. */
export type Shortage = "connection" | "server";

/**
 * Bytes of each connection that do not count for its address and the server, so that ordinary clients are served, also
 * while others have used up everything.
 */
const freeBytes = 2_048;
/** Length of all messages together that wait for their turn. */
const waitingLength = 8_388_608;
/** The part of the server's budget that connections may take before they are accepted. */
const earlyPart = 1 / 4;

/**
 * The memory of the requests that connections keep: init payloads, and operations that run or wait to be started, also
 * those by HTTP. It is
 * bounded per connection, per address before the acknowledgement, and for all connections together (PROTOCOL 6.8).
 */
export class RequestBudget implements DetachedBudget {
  readonly #limits: SessionLimits;
  #inAll = 0;
  #early = 0;
  readonly #earlyByAddress = new Map<string, number>();
  #waiting = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** Bytes that all connections have taken beside the free ones. */
  get inAll(): number {
    return this.#inAll;
  }

  /** Takes bytes for a request. If there is a shortage, nothing was taken. */
  take(holder: RequestHolder, bytes: number): Shortage | undefined {
    const { requestBytes, requestBytesBeforeAck } = this.#limits;
    const total = holder.requestBytes + bytes;
    if (total > (holder.accepted ? requestBytes : requestBytesBeforeAck)) return "connection";
    const counted = countedOf(total) - countedOf(holder.requestBytes);
    if (counted > 0 && !this.#hasRoom(holder, counted)) return "server";
    this.#count(holder, counted);
    holder.requestBytes = total;
    return undefined;
  }

  give(holder: RequestHolder, bytes: number): void {
    const total = holder.requestBytes - bytes;
    this.#count(holder, countedOf(total) - countedOf(holder.requestBytes));
    holder.requestBytes = total;
  }

  /** To be called when a connection has been accepted. */
  accept(holder: RequestHolder): void {
    this.#countEarly(holder, -countedOf(holder.requestBytes));
  }

  takeDetached(bytes: number): boolean {
    const counted = countedOf(bytes);
    if (this.#inAll + counted > this.#limits.requestBytesInAll) return counted === 0;
    this.#inAll += counted;
    return true;
  }

  giveDetached(bytes: number): void {
    this.#inAll -= countedOf(bytes);
  }

  /** Whether a message of this length may wait for its turn. If so, it has to be {@link called}. */
  mayWait(length: number): boolean {
    if (this.#waiting + length > waitingLength) return false;
    this.#waiting += length;
    return true;
  }

  /** A message of this length waits no longer. */
  called(length: number): void {
    this.#waiting -= length;
  }

  #hasRoom({ accepted, peer }: RequestHolder, bytes: number): boolean {
    const { requestBytesInAll, unacknowledgedBytesPerAddress } = this.#limits;
    if (this.#inAll + bytes > requestBytesInAll) return false;
    if (accepted) return true;
    const ofAddress = this.#earlyByAddress.get(peer.address) ?? 0;
    return this.#early + bytes <= requestBytesInAll * earlyPart && ofAddress + bytes <= unacknowledgedBytesPerAddress;
  }

  #count(holder: RequestHolder, bytes: number): void {
    this.#inAll += bytes;
    if (!holder.accepted) this.#countEarly(holder, bytes);
  }

  #countEarly({ peer: { address } }: RequestHolder, bytes: number): void {
    if (bytes === 0) return;
    this.#early += bytes;
    const ofAddress = (this.#earlyByAddress.get(address) ?? 0) + bytes;
    if (ofAddress > 0) this.#earlyByAddress.set(address, ofAddress);
    else this.#earlyByAddress.delete(address);
  }
}

/** The bytes of a connection that count for its address and for the server. */
function countedOf(bytes: number): number {
  return Math.max(0, bytes - freeBytes);
}
