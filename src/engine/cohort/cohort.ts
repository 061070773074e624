import type { FanfareError } from "../../base/error.ts";
import type { Clock } from "../../base/clock.ts";
import type { Event, GapReason, Position, TopicName } from "../../contract/broker.ts";
import { telemetry } from "../../contract/telemetry.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import { topicName, type TopicLike } from "../../declare/topic.ts";
import type { Delivery } from "../execution/delivery.ts";
import type { BrokenSharing, Executor, Outcome } from "../execution/executor.ts";
import type { Listener } from "../hub/listener.ts";
import type { Hearing, Plan } from "../plan/plan.ts";
import { Backlog, type Pending } from "./backlog.ts";
import type { FanOut, FanOutSource } from "./fan-out.ts";
import type { Member, RunningSubscription } from "./member.ts";
import type { Pressure } from "./pressure.ts";
import { Round } from "./round.ts";
import { SeenEvents } from "./seen-events.ts";
import { Stragglers } from "./stragglers.ts";

/** The parts and bounds that all cohorts of a server have in common. */
export interface CohortParts<Heard extends Hearing = Plan> {
  readonly executor: Executor<Heard>;
  readonly fanOut: FanOut;
  readonly clock: Clock;
  readonly pressure: Pressure;
  /** Events of one cohort whose async executions may run concurrently. */
  readonly concurrency: number;
  /** Events of one cohort that may wait for execution. */
  readonly backlog: number;
}

/** The owner of cohorts, as a cohort sees it. */
export interface CohortHost<Heard extends Hearing = Plan> {
  readonly parts: CohortParts<Heard>;
  /** Called when a shared execution read the context: from that event on, each member gets executions of its own. */
  broken(cohort: Cohort<Heard>, why: FanfareError): void;
  /** Moves a member to a cohort of its own, without a missed or repeated event. */
  separate(cohort: Cohort<Heard>, member: Member): void;
  listen(cohort: Cohort<Heard>, topics: readonly TopicName[]): Promise<void>;
  unlisten(cohort: Cohort<Heard>, topics: readonly TopicName[]): void;
  leave(cohort: Cohort<Heard>, member: Member): void;
}

/** An event during its execution. Later events wait for it even if they are done first (head-of-line blocking). */
interface Slot extends Pending {
  outcome: Outcome;
  done: boolean;
}

/** The number of members that are asked for a context until one of them returns it. */
const maxContexts = 8;

// Shared by cohorts that wait for no execution: never push to it.
const noSlots: Slot[] = [];

const notLive: Promise<readonly Position[]> = Promise.resolve([]);

/**
 * All operations in this process with the same plan key. Each event is executed once for all members. Results keep the
 * order of their events. An event is executed at once if no earlier event waits and this turn has room and time left;
 * otherwise it goes to the backlog.
 */
export class Cohort<Heard extends Hearing = Plan> implements Listener, FanOutSource {
  readonly id: string;
  readonly plan: Heard;
  readonly interest: Hearing["interest"];
  readonly host: CohortHost<Heard>;
  /**
   * The topics it listens to: those of the plan, until an operation with a cohort of its own joins or leaves topics.
   */
  topics: readonly TopicName[];
  /** Resolves when all of the plan's topics are live, with the position in each at which the cohort came in. */
  live: Promise<readonly Position[]> = notLive;
  readonly #members = new Map<Member, Membership<Heard>>();
  // Each event reads these fields, perhaps of thousands of cohorts. What is usually empty is not an object of its own,
  // since reading that would be one more miss of the processor's cache.
  /** Members that joined while events or results were pending, with the order of the last event before they joined. */
  #late: Map<Member, number> | undefined;
  /** The events in execution, and those behind them that are done. */
  #slots: Slot[] = noSlots;
  /** The event that the hub handed on last. */
  #lastEvent: Event | undefined;
  /** The events that may come again by another topic. Undefined for a cohort that has always listened to one topic. */
  #seen: SeenEvents | undefined;
  /** The events that wait for execution; undefined while there are none, which is the usual case. */
  #backlog: Backlog | undefined;
  #stragglers: Stragglers | undefined;
  #events = 0;
  /** The round that is being filled; it is handed on at the end of the turn. */
  #next: Round | undefined;
  /** The round that is being handed on. */
  #round: Round | undefined;
  #ended = false;

  constructor(host: CohortHost<Heard>, id: string, plan: Heard) {
    this.id = id;
    this.plan = plan;
    this.interest = plan.interest;
    this.topics = plan.topics;
    this.host = host;
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): IterableIterator<Member> {
    return this.#members.keys();
  }

  /** Whether the end of its topic was published. A new member must not join: the end does not concern it. */
  get ending(): boolean {
    return this.#ended;
  }

  /** Adds a member, which hears the events from now on. */
  add(member: Member): Membership<Heard> {
    const membership = new Membership(this, member);
    this.#enter(member, membership);
    return membership;
  }

  /** Takes over a member of another cohort, with its membership. */
  adopt(member: Member, from: Cohort<Heard>): void {
    const membership = from.#members.get(member);
    if (!membership) return;
    membership.moved(this);
    this.#enter(member, membership);
  }

  delete(member: Member): void {
    this.#members.delete(member);
    this.#late?.delete(member);
    this.#stragglers?.delete(member);
    if (this.#members.size === 0) this.#abandon();
  }

  /**
   * Removes a member that moves to another cohort, after delivering its ready results. Returns the events without a
   * result that the member has yet to hear.
   */
  release(member: Member): readonly Pending[] {
    const joined = this.#late?.get(member) ?? 0;
    const pending = [...this.#slots, ...(this.#backlog?.all() ?? [])].filter(({ order }) => order > joined);
    if (this.#round?.take(member)) this.#give(member, this.#round);
    if (this.#next) this.#give(member, this.#next);
    this.delete(member);
    return pending;
  }

  event(event: Event): void {
    if (this.#ended || this.#members.size === 0 || this.#isRepeat(event)) return;
    if (this.#isBusy || !this.host.parts.fanOut.mayExecute()) return this.#take(event, undefined);
    // The usual case, with no object more than the result needs.
    const order = ++this.#events;
    const outcome = this.#execute(event);
    if (outcome instanceof Promise) this.#wait(slotOf(event, order), outcome);
    else this.#settle(event, order, outcome);
  }

  /** Ends all members, after the results of all earlier events. */
  end(event: Event): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#take(event, undefined);
  }

  /** Tells all members of a gap, after the results of all earlier events. */
  gap(reason: GapReason): void {
    if (!this.#ended) this.#take(undefined, reason);
  }

  /** Takes over another cohort's events without a result, and the ids by which it recognises repeats. */
  resume(other: Cohort<Heard>, pending: readonly Pending[]): void {
    if (other.#seen) {
      this.#seen ??= new SeenEvents();
      this.#seen.adopt(
        other.#seen,
        pending.flatMap(({ event }) => event ?? []),
      );
    }
    for (const { event, gap } of pending) {
      if (gap) this.gap(gap);
      else if (event?.end) this.end(event);
      else if (event) this.event(event);
    }
  }

  /** Called when all members have moved to other cohorts, where the events of the slots are executed. */
  forgetSlots(): void {
    this.#slots = noSlots;
  }

  get unfinished(): boolean {
    return this.#backlog !== undefined && this.#hasRoom;
  }

  distribute(budget: number): number {
    let reached = 0;
    while (reached < budget) {
      if (!this.#round && this.#members.size === 1 && this.#next) {
        reached += this.#giveToOne(this.#next);
        if (this.#isBusy) continue;
        return reached;
      }
      this.#round ??= this.#beginRound();
      if (!this.#round && !this.#advance()) return reached;
      if (!this.#round) continue;
      const member = this.#round.next();
      if (!member) {
        this.#endRound();
        if (this.#isBusy) continue;
        return reached;
      }
      this.#give(member, this.#round);
      reached += this.#round.weight;
    }
    return reached;
  }

  #enter(member: Member, membership: Membership<Heard>): void {
    if (this.#isBusy) (this.#late ??= new Map()).set(member, this.#events);
    this.#members.set(member, membership);
  }

  /** Whether any earlier event has not been delivered yet. */
  get #isBusy(): boolean {
    return (
      this.#round !== undefined || this.#slots.length > 0 || this.#backlog !== undefined || this.#next !== undefined
    );
  }

  /** Whether this cohort's own bounds allow one more execution. */
  get #hasRoom(): boolean {
    return !this.#next?.isFull && this.#slots.length < this.host.parts.concurrency && !this.#stragglers?.waits;
  }

  #take(event: Event | undefined, gap: GapReason | undefined): void {
    const pending: Pending = { order: ++this.#events, event, gap, replaced: 0 };
    if (!this.#backlog && this.#hasRoom && this.host.parts.fanOut.mayExecute()) this.#begin(pending);
    else this.#holdBack(pending);
  }

  #holdBack(pending: Pending): void {
    const backlog = this.#append(pending);
    if (backlog.size > this.host.parts.backlog || this.host.parts.pressure.isFull) this.#overflow(backlog);
    if (this.#hasRoom) this.host.parts.fanOut.addUnfinished(this);
  }

  #append(pending: Pending): Backlog {
    const backlog = (this.#backlog ??= new Backlog(this.plan.queue));
    if (!backlog.add(pending)) this.host.parts.pressure.add(1);
    return backlog;
  }

  /** Drops the whole backlog, which is over its bound, and tells the members; a gap takes its place. */
  #overflow(backlog: Backlog): void {
    const dropped = backlog.clear();
    this.host.parts.pressure.take(dropped.length);
    this.#backlog = undefined;
    const end = dropped.find(({ event }) => event?.end);
    for (const member of [...this.members]) member.overloaded();
    if (this.#members.size === 0) return;
    this.#append({ order: this.#events, event: undefined, gap: "overflow", replaced: 0 });
    if (end) this.#append(end);
  }

  /** Executes events of the backlog while there is room and time. Returns false if there is no result to hand on. */
  #advance(): boolean {
    this.#drain();
    while (this.#backlog && this.#hasRoom && this.host.parts.fanOut.mayExecute()) this.#beginNext(this.#backlog);
    return this.#next !== undefined;
  }

  #beginNext(backlog: Backlog): void {
    const next = backlog.take();
    if (backlog.size === 0) {
      this.#backlog = undefined;
      this.#stragglers?.reset();
    }
    if (!next) return;
    this.host.parts.pressure.take(1);
    this.#begin(next);
  }

  #begin(pending: Pending): void {
    const { event } = pending;
    const outcome = event && !event.end ? this.#execute(event) : undefined;
    if (outcome instanceof Promise) this.#wait({ ...pending, outcome: undefined, done: false }, outcome);
    else if (this.#slots.length > 0) this.#slots.push({ ...pending, outcome, done: true });
    else this.#finish(pending, outcome);
  }

  #execute(event: Event): MaybePromise<Outcome> {
    return this.host.parts.executor.run(this.plan, event, () => contextOfOne(this.#firstMembers()));
  }

  #wait(slot: Slot, outcome: Promise<Outcome>): void {
    if (this.#slots.length === 0) this.#slots = [slot];
    else this.#slots.push(slot);
    void outcome.then((settled) => {
      slot.outcome = settled;
      slot.done = true;
      if (this.#slots[0] === slot) this.#proceed();
    });
  }

  /** Resumes after an execution or a slow reader that events waited for. */
  #proceed(): void {
    this.#advance();
    if (this.unfinished) this.host.parts.fanOut.addUnfinished(this);
  }

  #drain(): void {
    while (this.#slots[0]?.done && !this.#next?.isFull) {
      const slot = this.#slots.shift();
      if (slot) this.#finish(slot, slot.outcome);
    }
  }

  #finish(pending: Pending, outcome: Outcome): void {
    const { event, order } = pending;
    if (!event || event.end) return this.#filled().close(pending);
    if (pending.replaced > 0) this.#filled().addConflated(order, pending.replaced);
    this.#settle(event, order, outcome);
  }

  #settle(event: Event, order: number, outcome: Outcome): void {
    this.#tell(event, outcome);
    if (!outcome) return;
    if (isBroken(outcome)) return this.#break(slotOf(event, order), outcome.broken);
    if (this.plan.filtersByTopic) {
      this.#seen ??= new SeenEvents();
      if (this.#seen.has(event)) return;
      this.#seen.add(event);
    }
    this.#filled().add(outcome, order);
  }

  /** The round that is being filled. A new one is handed on at the end of the turn. */
  #filled(): Round {
    if (!this.#next) {
      this.#next = new Round();
      this.host.parts.fanOut.addSource(this);
    }
    return this.#next;
  }

  /** Reports broken sharing. The event whose execution broke it goes back in front, to be executed for each member. */
  #break(slot: Slot, why: FanfareError): void {
    this.#slots = [slot, ...this.#slots];
    this.host.broken(this, why);
  }

  /** Hands a round to the only member, without an iterator: thousands of cohorts may have one member each. */
  #giveToOne(round: Round): number {
    this.#next = undefined;
    for (const member of this.#members.keys()) {
      this.#give(member, round);
      break;
    }
    this.#endRound();
    return round.weight;
  }

  #beginRound(): Round | undefined {
    const next = this.#next?.begin(this.members);
    this.#next = undefined;
    return next;
  }

  #endRound(): void {
    this.#round = undefined;
    if (this.#late && !this.#isBusy) this.#late = undefined;
  }

  #give(member: Member, round: Round): void {
    const joined = this.#late?.get(member);
    if (joined === undefined) round.give(member);
    else round.giveSince(member, joined);
    // Back-pressure: only a burst, which has a backlog, waits for slow readers.
    if (this.#backlog && member.whenTaken()) this.#awaitReader(member);
  }

  #awaitReader(member: Member): void {
    this.#stragglers ??= new Stragglers(this.host.parts.clock, () => this.#proceed());
    this.#stragglers.add(member, this.#members.size === 1);
  }

  /** Drops the backlog of a cohort without members. There may be 20,000 of them, of clients that leave together. */
  #abandon(): void {
    if (this.#isBusy) this.host.parts.fanOut.forget(this);
    if (this.#backlog) this.host.parts.pressure.take(this.#backlog.size);
    this.#backlog = undefined;
  }

  #firstMembers(): readonly Member[] {
    const members: Member[] = [];
    for (const member of this.members) {
      members.push(member);
      if (members.length === maxContexts) break;
    }
    return members;
  }

  #isRepeat(event: Event): boolean {
    // The hub hands one event object on once per topic, usually in succession.
    if (event === this.#lastEvent) return true;
    this.#lastEvent = event;
    if (this.topics.length < 2) return false;
    this.#seen ??= new SeenEvents();
    if (this.#seen.has(event)) return true;
    if (!this.plan.filtersByTopic) this.#seen.add(event);
    return false;
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

/** A member's handle on its cohort. It follows the member when that moves to another cohort. */
export class Membership<Heard extends Hearing = Plan> implements RunningSubscription<Heard> {
  readonly #member: Member;
  #cohort: Cohort<Heard>;

  constructor(cohort: Cohort<Heard>, member: Member) {
    this.#cohort = cohort;
    this.#member = member;
  }

  get plan(): Heard {
    return this.#cohort.plan;
  }

  get cohort(): string {
    return this.#cohort.id;
  }

  get live(): Promise<readonly Position[]> {
    return this.#cohort.live;
  }

  moved(cohort: Cohort<Heard>): void {
    this.#cohort = cohort;
  }

  /**
   * Listens to more topics, after which the operation has a cohort of its own.
   *
   * @throws FanfareError BROKER_UNAVAILABLE
   */
  async join(topics: readonly TopicLike[]): Promise<void> {
    this.#cohort.host.separate(this.#cohort, this.#member);
    await this.#cohort.host.listen(this.#cohort, topics.map(topicName));
  }

  async leave(topics: readonly TopicLike[]): Promise<void> {
    this.#cohort.host.separate(this.#cohort, this.#member);
    this.#cohort.host.unlisten(this.#cohort, topics.map(topicName));
  }

  /** Does nothing: a cohort delivers from the moment a member joins. */
  start(): void {}

  end(): void {
    this.#cohort.host.leave(this.#cohort, this.#member);
  }
}

/** The context of the first member whose context function does not fail: any member's context serves a shared key. */
function contextOfOne([first, ...others]: readonly Member[]): MaybePromise<unknown> {
  if (others.length === 0) return first?.context();
  try {
    const context = first?.context();
    return context instanceof Promise ? context.catch(() => contextOfOne(others)) : context;
  } catch {
    return contextOfOne(others);
  }
}

function slotOf(event: Event, order: number): Slot {
  return { order, event, gap: undefined, replaced: 0, outcome: undefined, done: false };
}

function isBroken(outcome: Delivery | BrokenSharing): outcome is BrokenSharing {
  return "broken" in outcome;
}
