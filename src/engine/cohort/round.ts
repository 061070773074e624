import { ShortDelivery, type Delivery } from "../execution/delivery.ts";
import type { Pending } from "./backlog.ts";
import type { Member } from "./member.ts";

/** Results of one round, and bytes of long ones among them. No more is executed until they have been handed on. */
const maxResults = 64;
const maxBytes = 65_536;

// Never added to.
const noDeliveries: Delivery[] = [];
const noOrders: number[] = [];

/**
 * Results that are handed on together to all members of a cohort, and what is told after them: a gap, or the end. It is
 * filled first, and then given to one member after the other.
 */
export class Round {
  #deliveries: Delivery[] = noDeliveries;
  /** Of which event each of them is. */
  #orders: number[] = noOrders;
  #bytes = 0;
  #mark: Pending | undefined;
  /** By the order of an event: how many older ones it has taken the place of. */
  #conflated: Map<number, number> | undefined;
  #members: Iterator<Member> | undefined;
  /** Whom it has not reached, once a member was taken out of its turn. */
  #left: Set<Member> | undefined;

  get isFull(): boolean {
    return this.#deliveries.length >= maxResults || this.#bytes >= maxBytes || this.#mark !== undefined;
  }

  /** As how many members one counts in a slice of the fan-out. */
  get weight(): number {
    return 1 + (this.#deliveries.length >> 3);
  }

  add(delivery: Delivery, order: number): void {
    if (!(delivery instanceof ShortDelivery)) this.#bytes += delivery.bytes.length;
    if (this.#deliveries.length === 0) {
      // An array that is made with its one entry takes a third of the memory of one that grows.
      this.#deliveries = [delivery];
      this.#orders = [order];
    } else {
      this.#deliveries.push(delivery);
      this.#orders.push(order);
    }
  }

  /** The event of this order has taken the place of older ones: told with its result. */
  addConflated(order: number, count: number): void {
    this.#conflated ??= new Map();
    this.#conflated.set(order, count);
  }

  /** Nothing comes after a gap or the end in the same round. */
  close(mark: Pending): void {
    this.#mark = mark;
  }

  /** From now on it is given away, and nothing is added any more. */
  begin(members: Iterator<Member>): this {
    this.#members = members;
    return this;
  }

  /** The next member, which is then to be given its share; undefined when all have it. */
  next(): Member | undefined {
    const step = this.#members?.next();
    return step?.done ? undefined : step?.value;
  }

  /** Takes a member out of its turn; false if the round has reached it already. */
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

  /** The same for a member that joined after the event of this order. */
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

  /** The first result of an event that came later. */
  #after(order: number): number {
    const index = this.#orders.findIndex((each) => each > order);
    return index < 0 ? this.#deliveries.length : index;
  }
}

function tell(member: Member, { gap }: Pending): void {
  if (gap) member.gap(gap);
  else member.complete();
}
