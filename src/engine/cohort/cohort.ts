import type { FanfareError } from "../../base/error.ts";
import type { Event, GapReason, Position, TopicName } from "../../contract/broker.ts";
import { telemetry } from "../../contract/telemetry.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import { topicName, type TopicLike } from "../../declare/topic.ts";
import type { BrokenSharing, Execution, Outcome } from "../execution/execution.ts";
import type { FanOut, FanOutSource } from "./fan-out.ts";
import type { Listener } from "../hub/listener.ts";
import type { Delivery } from "../execution/delivery.ts";
import type { Member, RunningSubscription } from "./member.ts";
import type { Plan } from "../plan/plan.ts";

/** What all cohorts of a server have in common. */
export interface CohortHost {
  readonly execution: Execution;
  readonly fanOut: FanOut;
  /** Called when a shared execution looked at the viewer; what is `pending` is to be executed for each member alone. */
  broken(cohort: Cohort, why: FanfareError, pending: readonly Pending[]): void;
  /** Gives a member a cohort of its own, which goes on exactly where the shared one stopped. */
  separate(cohort: Cohort, member: Member): void;
  listen(cohort: Cohort, topics: readonly TopicName[]): Promise<void>;
  unlisten(cohort: Cohort, topics: readonly TopicName[]): void;
  leave(cohort: Cohort, member: Member): void;
}

/** An event that has no result yet. */
export interface Pending {
  readonly event: Event;
  /** Which event of this cohort it is, counted from 1. */
  readonly order: number;
}

/** An event on its way through execution. Later events wait for it, however fast they are. */
interface Slot extends Pending {
  outcome: Outcome;
  done: boolean;
}

/** Results on their way to the members. */
interface Round {
  readonly members: Iterator<Member>;
  readonly deliveries: readonly Delivery[];
  /** Of which event each of them is. */
  readonly orders: readonly number[];
}

/** What waits for the end of the turn. More than this is handed on at once, so that a burst cannot pile up. */
const maxReady = 64;
/** Of an operation with several topics: how many events back a repeat is recognised. */
const maxRemembered = 1_024;

const notLive: Promise<readonly Position[]> = Promise.resolve([]);
// Never added to.
const noDeliveries: Delivery[] = [];
const noOrders: number[] = [];

/** How many members are asked for a context, if those asked before fail to give one. */
const maxContexts = 8;

/** All operations here with the same plan key. Each event is executed once for all of them, and delivered in order. */
export class Cohort implements Listener, FanOutSource {
  readonly id: string;
  readonly plan: Plan;
  readonly interest: Plan["interest"];
  /** What it listens to: the plan's topics, until an operation that is alone in its cohort joins or leaves some. */
  topics: readonly TopicName[];
  /** Resolves when all topics are live, with the position at which each of the plan's became so. */
  live: Promise<readonly Position[]> = notLive;
  readonly #host: CohortHost;
  readonly #members = new Map<Member, Membership>();
  /** Members that joined while events or results were on their way, with the order of the last one not for them. */
  readonly #late = new Map<Member, number>();
  readonly #slots: Slot[] = [];
  readonly #remembered = new Set<string>();
  #lastEvent: Event | undefined;
  #events = 0;
  #ready: Delivery[] = noDeliveries;
  #orders: number[] = noOrders;
  #round: Round | undefined;
  #ended = false;

  constructor(host: CohortHost, id: string, plan: Plan) {
    this.id = id;
    this.plan = plan;
    this.interest = plan.interest;
    this.topics = plan.topics;
    this.#host = host;
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): IterableIterator<Member> {
    return this.#members.keys();
  }

  get host(): CohortHost {
    return this.#host;
  }

  /** Takes a member in, which hears what comes from now on. */
  add(member: Member): Membership {
    const membership = new Membership(this, member);
    this.#enter(member, membership);
    return membership;
  }

  /** Takes a member over from another cohort, under its old membership. */
  adopt(member: Member, from: Cohort): void {
    const membership = from.#members.get(member);
    if (!membership) return;
    membership.moved(this);
    this.#enter(member, membership);
  }

  delete(member: Member): void {
    this.#members.delete(member);
    this.#late.delete(member);
  }

  /** Lets a member go that will be served elsewhere. Answers the events that were still being executed for it. */
  release(member: Member): readonly Event[] {
    this.#handOn();
    const events = this.concerning(member, this.#slots);
    this.delete(member);
    return events;
  }

  /** Those events that did not come before a member. */
  concerning(member: Member, pending: readonly Pending[]): readonly Event[] {
    const joined = this.#late.get(member) ?? 0;
    return pending.filter(({ order }) => order > joined).map(({ event }) => event);
  }

  event(event: Event): void {
    if (this.#ended || this.#members.size === 0 || this.#isRepeat(event)) return;
    const order = ++this.#events;
    const outcome = this.#host.execution.run(this.plan, event, () => contextOfOne(this.#firstMembers()));
    if (outcome instanceof Promise) this.#wait({ event, order, outcome: undefined, done: false }, outcome);
    else if (this.#slots.length > 0) this.#queue({ event, order, outcome, done: true });
    else this.#settle(event, order, outcome, []);
  }

  /** Its end was published: whoever comes now is not concerned. */
  get ending(): boolean {
    return this.#ended || this.#slots.some(({ event }) => event.end);
  }

  /** Takes over what another cohort did not finish, and knows as repeats what that one did. */
  resume(other: Cohort, events: readonly Event[]): void {
    const open = new Set(events.map(({ id }) => id));
    for (const id of other.#remembered) if (!open.has(id)) this.#remembered.add(id);
    for (const event of events) {
      if (event.end) this.end(event);
      else this.event(event);
    }
  }

  /** Every member is told that its topic has ended, after what is still being executed. */
  end(event: Event): void {
    const order = ++this.#events;
    if (this.#slots.length > 0) this.#slots.push({ event, order, outcome: undefined, done: true });
    else this.#complete();
  }

  gap(reason: GapReason): void {
    this.#handOn();
    for (const member of this.members) member.gap(reason);
  }

  distribute(budget: number): number {
    let reached = 0;
    while (reached < budget) {
      this.#round ??= this.#nextRound();
      if (!this.#round) return reached;
      const { value, done } = this.#round.members.next();
      if (done) {
        this.#endRound();
        continue;
      }
      this.#give(value, this.#round);
      reached += 1;
    }
    return reached;
  }

  #enter(member: Member, membership: Membership): void {
    if (this.#round || this.#ready.length > 0 || this.#slots.length > 0) this.#late.set(member, this.#events);
    this.#members.set(member, membership);
  }

  #firstMembers(): readonly Member[] {
    const members: Member[] = [];
    for (const member of this.members) {
      members.push(member);
      if (members.length === maxContexts) break;
    }
    return members;
  }

  #give(member: Member, { deliveries, orders }: Round): void {
    const joined = this.#late.size === 0 ? undefined : this.#late.get(member);
    if (joined === undefined) return member.deliver(deliveries);
    const first = orders.findIndex((order) => order > joined);
    if (first >= 0) member.deliver(deliveries.slice(first));
  }

  #isRepeat(event: Event): boolean {
    if (event === this.#lastEvent) return true;
    this.#lastEvent = event;
    if (this.topics.length < 2) return false;
    if (this.#remembered.has(event.id)) return true;
    if (!this.plan.filtersByTopic) this.#remember(event);
    return false;
  }

  #remember(event: Event): void {
    this.#remembered.add(event.id);
    const [oldest] = this.#remembered;
    if (oldest !== undefined && this.#remembered.size > maxRemembered) this.#remembered.delete(oldest);
  }

  #wait(slot: Slot, outcome: Promise<Outcome>): void {
    if (!this.#queue(slot)) return;
    void outcome.then((settled) => {
      slot.outcome = settled;
      slot.done = true;
      this.#drain();
    });
  }

  #queue(slot: Slot): boolean {
    const { messages, overflow } = this.plan.queue;
    if (this.#slots.length < messages) return this.#slots.push(slot) > 0;
    const dropsOldest = overflow === "latest" || overflow === "drop-oldest";
    for (const member of [...this.members]) member.overflow(slot.event);
    if (!dropsOldest) return false;
    this.#slots.shift();
    return this.#slots.push(slot) > 0;
  }

  #drain(): void {
    while (this.#slots[0]?.done) {
      const slot = this.#slots.shift();
      if (slot?.event.end) this.#complete();
      else if (slot) this.#settle(slot.event, slot.order, slot.outcome, this.#slots);
    }
  }

  #settle(event: Event, order: number, outcome: Outcome, later: Slot[]): void {
    this.#tell(event, outcome);
    if (!outcome) return;
    if (isBroken(outcome)) {
      const pending = [{ event, order }, ...later.splice(0)];
      this.#handOn();
      this.#host.broken(this, outcome.broken, pending);
      return;
    }
    if (this.plan.filtersByTopic) {
      if (this.#remembered.has(event.id)) return;
      this.#remember(event);
    }
    if (this.#ready.length === 0) {
      // An array that is made with its one entry takes a third of the memory of one that grows.
      this.#ready = [outcome];
      this.#orders = [order];
      this.#host.fanOut.addSource(this);
      return;
    }
    this.#ready.push(outcome);
    this.#orders.push(order);
    if (this.#ready.length >= maxReady) this.#handOn();
  }

  #nextRound(): Round | undefined {
    if (this.#ready.length === 0) return undefined;
    const [deliveries, orders] = [this.#ready, this.#orders];
    this.#ready = noDeliveries;
    this.#orders = noOrders;
    return { members: this.members, deliveries, orders };
  }

  #endRound(): void {
    this.#round = undefined;
    if (this.#ready.length === 0 && this.#slots.length === 0) this.#late.clear();
  }

  /** Gives everything that is ready to everybody, now. */
  #handOn(): void {
    while (this.#round || this.#ready.length > 0) this.distribute(Infinity);
  }

  #complete(): void {
    this.#ended = true;
    this.#handOn();
    for (const member of [...this.members]) member.complete();
  }

  #tell(event: Event, outcome: Outcome): void {
    const channel = telemetry["event.executed"];
    if (!channel.hasSubscribers) return;
    const result = outcome === undefined ? "skipped" : isBroken(outcome) ? "private" : "delivered";
    channel.publish({
      cohort: this.id,
      event: event.id,
      members: this.#members.size,
      outcome: result,
    });
  }
}

/** A member's place in a cohort. Follows the member to another cohort, should that serve it from then on. */
export class Membership implements RunningSubscription {
  readonly #member: Member;
  #cohort: Cohort;

  constructor(cohort: Cohort, member: Member) {
    this.#cohort = cohort;
    this.#member = member;
  }

  get plan(): Plan {
    return this.#cohort.plan;
  }

  get cohort(): string {
    return this.#cohort.id;
  }

  get live(): Promise<readonly Position[]> {
    return this.#cohort.live;
  }

  moved(cohort: Cohort): void {
    this.#cohort = cohort;
  }

  /** Listens to more topics; from then on the operation is executed alone. Throws FanfareError BROKER_UNAVAILABLE. */
  async join(topics: readonly TopicLike[]): Promise<void> {
    this.#cohort.host.separate(this.#cohort, this.#member);
    await this.#cohort.host.listen(this.#cohort, topics.map(topicName));
  }

  async leave(topics: readonly TopicLike[]): Promise<void> {
    this.#cohort.host.separate(this.#cohort, this.#member);
    this.#cohort.host.unlisten(this.#cohort, topics.map(topicName));
  }

  /** Its cohort has been delivering since the member joined. */
  start(): void {}

  end(): void {
    this.#cohort.host.leave(this.#cohort, this.#member);
  }
}

/** Any member's context will do here, so one that fails does not spoil the event for the others. */
function contextOfOne([first, ...others]: readonly Member[]): MaybePromise<unknown> {
  if (others.length === 0) return first?.context();
  try {
    const context = first?.context();
    return context instanceof Promise ? context.catch(() => contextOfOne(others)) : context;
  } catch {
    return contextOfOne(others);
  }
}

function isBroken(outcome: Delivery | BrokenSharing): outcome is BrokenSharing {
  return "broken" in outcome;
}
