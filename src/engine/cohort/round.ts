import type { Delivery } from "../execution/delivery.ts";
import type { Pending } from "./backlog.ts";
import type { Member } from "./member.ts";

/** Results on their way to the members of a cohort, and what is told after them: a gap, or the end. */
export class Round {
  /** As how many members one counts in a slice of the fan-out. */
  readonly weight: number;
  readonly #deliveries: readonly Delivery[];
  /** Of which event each of them is. */
  readonly #orders: readonly number[];
  readonly #mark: Pending | undefined;
  readonly #conflated: ReadonlyMap<number, number> | undefined;
  #members: Iterator<Member>;
  /** Whom it has not reached, once a member was taken out of its turn. */
  #left: Set<Member> | undefined;

  /** @param conflated by the order of an event, how many it has replaced: told with its result. */
  constructor(
    members: Iterator<Member>,
    deliveries: readonly Delivery[],
    orders: readonly number[],
    mark: Pending | undefined,
    conflated: ReadonlyMap<number, number> | undefined,
  ) {
    this.#members = members;
    this.#deliveries = deliveries;
    this.#orders = orders;
    this.#mark = mark;
    this.#conflated = conflated;
    this.weight = 1 + (deliveries.length >> 3);
  }

  /** The next member, which is then to be given its share; undefined when all have it. */
  next(): Member | undefined {
    const { value, done } = this.#members.next();
    return done ? undefined : value;
  }

  /** Takes a member out of its turn; false if the round has reached it already. */
  take(member: Member): boolean {
    if (!this.#left) {
      this.#left = new Set({ [Symbol.iterator]: () => this.#members });
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
