import { keepShape } from "../../base/kept-shape.ts";
import { ShortDelivery, type Delivery } from "../execution/delivery.ts";
import type { Pending } from "./backlog.ts";
import type { Member } from "./member.ts";

/** Bounds of a round: results, and bytes of the long ones. A full round is handed on before more is executed. */
const maxResults = 64;
const maxBytes = 65_536;

// Shared by empty rounds: never push to them.
const noDeliveries: Delivery[] = [];
const noOrders: number[] = [];

/**
 * Results that are handed on together to all members of a cohort, optionally followed by a gap or the end. A round is
 * filled first, and then given to one member after the other.
 */
export class Round {
  #deliveries: Delivery[] = noDeliveries;
  /** The order of each delivery's event. */
  #orders: number[] = noOrders;
  #bytes = 0;
  /** The gap or the end after the deliveries. */
  #mark: Pending | undefined;
  /** The number of older events that an event has replaced, by its order. */
  #conflated: Map<number, number> | undefined;
  #members: Iterator<Member> | undefined;
  /** The members that are yet to be given the round; undefined until a member was taken out of its turn. */
  #left: Set<Member> | undefined;

  get isFull(): boolean {
    return this.#deliveries.length >= maxResults || this.#bytes >= maxBytes || this.#mark !== undefined;
  }

  /** The number of members that one member counts for in a slice of the fan-out. */
  get weight(): number {
    return 1 + (this.#deliveries.length >> 5);
  }

  add(delivery: Delivery, order: number): void {
    if (!(delivery instanceof ShortDelivery)) this.#bytes += delivery.bytes.length;
    if (this.#deliveries.length === 0) {
      // An array literal with one entry takes a third of the memory of an array that grows by `push`.
      this.#deliveries = [delivery];
      this.#orders = [order];
    } else {
      this.#deliveries.push(delivery);
      this.#orders.push(order);
    }
  }

  /** Records that the event of this order has replaced older ones (conflation): members are told with its result. */
  addConflated(order: number, count: number): void {
    this.#conflated ??= new Map();
    this.#conflated.set(order, count);
  }

  /** Ends the round with a gap or the end: no result may be added after it. */
  close(mark: Pending): void {
    this.#mark = mark;
  }

  /** Begins to hand the round on: no result may be added from now on. */
  begin(members: Iterator<Member>): this {
    this.#members = members;
    return this;
  }

  /** The next member to give the round to; undefined when all members have it. */
  next(): Member | undefined {
    const step = this.#members?.next();
    return step?.done ? undefined : step?.value;
  }

  /** Takes a member out of its turn. Returns false if the round was given to it already. */
  take(member: Member): boolean {
    const members = this.#members;
    if (!members) return true;
    if (!this.#left) {
      this.#left = new Set({ [Symbol.iterator]: () => members });
      this.#members = this.#left.values();
    }
    return this.#left.delete(member);
  }

  give(member: Member): void {
    if (this.#conflated) return this.giveSince(member, 0);
    if (this.#deliveries.length > 0) member.deliver(this.#deliveries);
    if (this.#mark) tell(member, this.#mark);
  }

  /** Gives the round to a member that joined after the event of the order `joined`, without that and earlier events. */
  giveSince(member: Member, joined: number): void {
    let from = this.#after(joined);
    for (const [order, count] of this.#conflated ?? []) {
      if (order <= joined) continue;
      const to = this.#after(order - 1);
      if (to > from) member.deliver(this.#deliveries.slice(from, to));
      member.conflated(count);
      from = to;
    }
    if (from < this.#deliveries.length) member.deliver(this.#deliveries.slice(from));
    if (this.#mark && this.#mark.order > joined) tell(member, this.#mark);
  }

  /** The index of the first delivery whose event came after this order. */
  #after(order: number): number {
    const index = this.#orders.findIndex((each) => each > order);
    return index < 0 ? this.#deliveries.length : index;
  }
}

// Each event has a round, and few live at a time.
keepShape(new Round());

function tell(member: Member, { gap }: Pending): void {
  if (gap) member.gap(gap);
  else member.complete();
}
