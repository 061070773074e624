import type { Clock, Timer } from "../base/clock.ts";
import type { Peer } from "../contract/peer.ts";
import { closeCodes, type CloseCode } from "../base/close-code.ts";
import type { Refusal } from "../contract/socket.ts";
import type { SessionLimits } from "./limits.ts";

/** A session, as the registry sees it. */
export interface LiveSession {
  readonly peer: Peer;
  end(code: CloseCode): void;
  checkAlive(): void;
}

/** The number of groups in which sessions are pinged, so that a large server's pings are spread over the interval. */
const groups = 12;
/**
 * Groups that are checked next, which new sessions are not added to: who has just connected is known to be alive, and no
 * pings are in the way while many clients connect at once (thundering herd).
 */
const spared = 6;

/** All sessions of this process: admission control, and liveness by pings. */
export class SessionRegistry implements Disposable {
  readonly #limits: SessionLimits;
  readonly #groups: readonly Set<LiveSession>[] = Array.from({ length: groups }, () => new Set<LiveSession>());
  readonly #perAddress = new Map<string, { sessions: number; unacknowledged: number }>();
  readonly #waiting = new Set<LiveSession>();
  readonly #sweep: Timer | undefined;
  #size = 0;
  /** The groups are filled in turn, except the ones that are spared. */
  #turn = 0;
  #nextToCheck = 0;
  #draining = false;

  /** @param keepAlive milliseconds between two pings of a session. Infinity: no pings. */
  constructor(limits: SessionLimits, clock: Clock, keepAlive: number) {
    this.#limits = limits;
    this.#sweep = keepAlive === Infinity ? undefined : clock.every(keepAlive / groups, () => this.#check());
  }

  get size(): number {
    return this.#size;
  }

  /** Whether sessions are pinged. */
  get pings(): boolean {
    return this.#sweep !== undefined;
  }

  /** The refusal of a further connection; undefined if it may be opened. */
  admit(peer: Peer): Refusal | undefined {
    const overload = { code: closeCodes.overload.code, reason: closeCodes.overload.reason };
    if (this.#draining || this.#size >= this.#limits.sessions) return { status: 503, ...overload };
    const count = this.#perAddress.get(peer.address);
    if (!count) return undefined;
    const { sessionsPerAddress, unacknowledgedPerAddress } = this.#limits;
    if (count.sessions < sessionsPerAddress && count.unacknowledged < unacknowledgedPerAddress) return undefined;
    return { status: 429, ...overload };
  }

  add(session: LiveSession): void {
    this.#groupOf(this.#nextToCheck + spared + this.#turn).add(session);
    this.#turn = (this.#turn + 1) % (groups - spared);
    this.#size += 1;
    this.#waiting.add(session);
    const { address } = session.peer;
    const count = this.#perAddress.get(address);
    if (!count) return void this.#perAddress.set(address, { sessions: 1, unacknowledged: 1 });
    count.sessions += 1;
    count.unacknowledged += 1;
  }

  acknowledged(session: LiveSession): void {
    if (!this.#waiting.delete(session)) return;
    const count = this.#perAddress.get(session.peer.address);
    if (count) count.unacknowledged -= 1;
  }

  delete(session: LiveSession): void {
    if (!this.#groups.some((group) => group.delete(session))) return;
    this.#size -= 1;
    this.acknowledged(session);
    const count = this.#perAddress.get(session.peer.address);
    if (!count) return;
    count.sessions -= 1;
    if (count.sessions === 0) this.#perAddress.delete(session.peer.address);
  }

  /** Refuses new connections, and closes all sessions with 1012, so that clients reconnect. */
  drain(): void {
    this.#draining = true;
    for (const session of this) session.end(closeCodes.restart);
  }

  *[Symbol.iterator](): Generator<LiveSession> {
    for (const group of this.#groups) yield* group;
  }

  [Symbol.dispose](): void {
    this.#sweep?.[Symbol.dispose]();
  }

  #check(): void {
    for (const session of [...this.#groupOf(this.#nextToCheck)]) session.checkAlive();
    this.#nextToCheck = (this.#nextToCheck + 1) % groups;
  }

  #groupOf(index: number): Set<LiveSession> {
    return this.#groups[index % groups] ?? new Set();
  }
}
