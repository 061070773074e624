import type { Clock, Timer } from "../../base/clock.ts";
import type { TransportLimits } from "../limits.ts";
import type { EventStreamConnection } from "./connection.ts";

interface Reservation {
  readonly connection: EventStreamConnection;
  readonly token: string;
  readonly owner: string;
  /** Expires the token, unless the stream is opened before. */
  timer: Timer | undefined;
  opened: boolean;
}

type ReservationLimits = Pick<TransportLimits, "reservations" | "reservationsPerAddress" | "reservationMilliseconds">;

/** The streams by token, and the number of those that are not yet opened. */
export class Reservations {
  readonly #clock: Clock;
  readonly #limits: ReservationLimits;
  readonly #byToken = new Map<string, Reservation>();
  readonly #byConnection = new WeakMap<EventStreamConnection, Reservation>();
  /** The number of unopened streams by network address. */
  readonly #perAddress = new Map<string, number>();
  #unopened = 0;

  constructor(clock: Clock, limits: ReservationLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The HTTP status that refuses an address a further stream; undefined if it may have one. */
  refusal(address: string): number | undefined {
    if (this.#unopened >= this.#limits.reservations) return 503;
    return (this.#perAddress.get(address) ?? 0) >= this.#limits.reservationsPerAddress ? 429 : undefined;
  }

  add(connection: EventStreamConnection, token: string, owner: string): void {
    const reservation: Reservation = { connection, token, owner, timer: undefined, opened: false };
    this.#byToken.set(token, reservation);
    this.#byConnection.set(connection, reservation);
    this.#count(connection, 1);
  }

  /** Starts the timeout of a token, which its client gets now. */
  begin(connection: EventStreamConnection): void {
    const reservation = this.#byConnection.get(connection);
    if (!reservation) return;
    const { reservationMilliseconds } = this.#limits;
    reservation.timer = this.#clock.after(reservationMilliseconds, () => connection.terminate());
  }

  /** The stream of a token; undefined also if it has another owner. */
  find(token: string, owner: string): EventStreamConnection | undefined {
    const reservation = this.#byToken.get(token);
    return reservation?.owner === owner ? reservation.connection : undefined;
  }

  opened(connection: EventStreamConnection): void {
    const reservation = this.#byConnection.get(connection);
    if (!reservation || reservation.opened) return;
    reservation.timer?.[Symbol.dispose]();
    reservation.opened = true;
    this.#count(connection, -1);
  }

  delete(connection: EventStreamConnection): void {
    this.opened(connection);
    const reservation = this.#byConnection.get(connection);
    if (reservation) this.#byToken.delete(reservation.token);
  }

  #count({ peer: { address } }: EventStreamConnection, change: 1 | -1): void {
    this.#unopened += change;
    const count = (this.#perAddress.get(address) ?? 0) + change;
    if (count > 0) this.#perAddress.set(address, count);
    else this.#perAddress.delete(address);
  }
}
