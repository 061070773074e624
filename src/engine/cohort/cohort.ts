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

/** What all cohorts of a server work with. */
export interface CohortParts<Heard extends Hearing = Plan> {
  readonly executor: Executor<Heard>;
  readonly fanOut: FanOut;
  readonly clock: Clock;
  readonly pressure: Pressure;
  /** Events of one cohort that are executed at the same time. */
  readonly concurrency: number;
  /** Events of one cohort that wait for their execution. */
  readonly backlog: number;
}

/** What a cohort asks of those that keep it. */
export interface CohortHost<Heard extends Hearing = Plan> {
  readonly parts: CohortParts<Heard>;
  /** Called when a shared execution looked at the viewer: each member is to be executed for alone from that event on. */
  broken(cohort: Cohort<Heard>, why: FanfareError): void;
  /** Gives a member a cohort of its own, which goes on exactly where the shared one stopped. */
  separate(cohort: Cohort<Heard>, member: Member): void;
  listen(cohort: Cohort<Heard>, topics: readonly TopicName[]): Promise<void>;
  unlisten(cohort: Cohort<Heard>, topics: readonly TopicName[]): void;
  leave(cohort: Cohort<Heard>, member: Member): void;
}

/** An event on its way through execution. Later events wait for it, however fast they are. */
interface Slot extends Pending {
  outcome: Outcome;
  done: boolean;
}

/** How many members are asked for a context, if those asked before fail to give one. */
const maxContexts = 8;

const notLive: Promise<readonly Position[]> = Promise.resolve([]);

/**
 * All operations here with the same plan key. Each event is executed once for all of them, and delivered in order: at once
 * where nothing is under way, otherwise after what came before it, as far as there is room and time in this turn.
 */
export class Cohort<Heard extends Hearing = Plan> implements Listener, FanOutSource {
  readonly id: string;
  readonly plan: Heard;
  readonly interest: Hearing["interest"];
  readonly host: CohortHost<Heard>;
  /** What it listens to: the plan's topics, until an operation that is alone in its cohort joins or leaves some. */
  topics: readonly TopicName[];
  /** Resolves when all topics are live, with the position at which each of the plan's became so. */
  live: Promise<readonly Position[]> = notLive;
  readonly #members = new Map<Member, Membership<Heard>>();
  /** Members that joined while events or results were on their way, with the order of the last one not for them. */
  readonly #late = new Map<Member, number>();
  readonly #slots: Slot[] = [];
  readonly #seen = new SeenEvents();
  /** What waits for a slot; undefined while nothing does, which is nearly always. */
  #backlog: Backlog | undefined;
  #stragglers: Stragglers | undefined;
  #events = 0;
  /** What is ready, and waits for the end of the turn. */
  #next: Round | undefined;
  /** What is being handed on. */
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

  /** Its end was published: whoever comes now is not concerned. */
  get ending(): boolean {
    return this.#ended;
  }

  /** Takes a member in, which hears what comes from now on. */
  add(member: Member): Membership<Heard> {
    const membership = new Membership(this, member);
    this.#enter(member, membership);
    return membership;
  }

  /** Takes a member over from another cohort, under its old membership. */
  adopt(member: Member, from: Cohort<Heard>): void {
    const membership = from.#members.get(member);
    if (!membership) return;
    membership.moved(this);
    this.#enter(member, membership);
  }

  delete(member: Member): void {
    this.#members.delete(member);
    this.#late.delete(member);
    this.#stragglers?.delete(member);
    if (this.#members.size === 0) this.#abandon();
  }

  /** Hands a member over that will be served elsewhere. Answers what has no result yet and concerns it. */
  release(member: Member): readonly Pending[] {
    const joined = this.#late.get(member) ?? 0;
    const pending = [...this.#slots, ...(this.#backlog?.all() ?? [])].filter(({ order }) => order > joined);
    if (this.#round?.take(member)) this.#give(member, this.#round);
    if (this.#next) this.#give(member, this.#next);
    this.delete(member);
    return pending;
  }

  event(event: Event): void {
    if (this.#ended || this.#members.size === 0 || this.#isRepeat(event)) return;
    this.#take(event, undefined);
  }

  /** Every member is told that its topic has ended, after everything that came before. */
  end(event: Event): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#take(event, undefined);
  }

  /** Every member is told that events are missing, after everything that came before. */
  gap(reason: GapReason): void {
    if (!this.#ended) this.#take(undefined, reason);
  }

  /** Takes over what another cohort did not finish, and knows as repeats what that one did. */
  resume(other: Cohort<Heard>, pending: readonly Pending[]): void {
    const open = new Set(pending.map(({ event }) => event?.id));
    this.#seen.adopt(other.#seen, open);
    for (const { event, gap } of pending) {
      if (gap) this.gap(gap);
      else if (event?.end) this.end(event);
      else if (event) this.event(event);
    }
  }

  get unfinished(): boolean {
    return this.#backlog !== undefined && this.#hasRoom;
  }

  distribute(budget: number): number {
    let reached = 0;
    while (reached < budget) {
      this.#round ??= this.#beginRound();
      if (!this.#round && !this.#advance()) return reached;
      if (!this.#round) continue;
      const member = this.#round.next();
      if (!member) {
        this.#endRound();
        continue;
      }
      this.#give(member, this.#round);
      reached += this.#round.weight;
    }
    return reached;
  }

  #enter(member: Member, membership: Membership<Heard>): void {
    if (this.#isBusy) this.#late.set(member, this.#events);
    this.#members.set(member, membership);
  }

  /** Something came before whatever comes now. */
  get #isBusy(): boolean {
    return (
      this.#round !== undefined || this.#slots.length > 0 || this.#backlog !== undefined || this.#next !== undefined
    );
  }

  /** One more may be executed, as far as this cohort is concerned. */
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
    if (this.#hasRoom) this.host.parts.fanOut.addSource(this);
  }

  #append(pending: Pending): Backlog {
    const backlog = (this.#backlog ??= new Backlog(this.plan.queue));
    if (!backlog.add(pending)) this.host.parts.pressure.add(1);
    return backlog;
  }

  /** More waits than may: it is left out, and told. */
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

  /** Executes what waits, as far as there is room and time. False if nothing is left to hand on in this turn. */
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
    else this.#settle(pending, outcome);
  }

  #execute(event: Event): MaybePromise<Outcome> {
    return this.host.parts.executor.run(this.plan, event, () => contextOfOne(this.#firstMembers()));
  }

  #wait(slot: Slot, outcome: Promise<Outcome>): void {
    this.#slots.push(slot);
    void outcome.then((settled) => {
      slot.outcome = settled;
      slot.done = true;
      if (this.#slots[0] === slot) this.#proceed();
    });
  }

  /** Goes on after something that was waited for: an execution, or a client. */
  #proceed(): void {
    this.#advance();
    if (this.unfinished) this.host.parts.fanOut.addSource(this);
  }

  #drain(): void {
    while (this.#slots[0]?.done && !this.#next?.isFull) {
      const slot = this.#slots.shift();
      if (slot) this.#settle(slot, slot.outcome);
    }
  }

  #settle(pending: Pending, outcome: Outcome): void {
    const { event, order } = pending;
    if (!event || event.end) return this.#filled().close(pending);
    this.#tell(event, outcome);
    if (pending.replaced > 0) this.#filled().addConflated(order, pending.replaced);
    if (!outcome) return;
    if (isBroken(outcome)) return this.#break(pending, outcome.broken);
    if (this.plan.filtersByTopic) {
      if (this.#seen.has(event)) return;
      this.#seen.add(event);
    }
    this.#filled().add(outcome, order);
  }

  /** The round that is being filled. It is handed on at the end of the turn. */
  #filled(): Round {
    if (!this.#next) {
      this.#next = new Round();
      this.host.parts.fanOut.addSource(this);
    }
    return this.#next;
  }

  /** The event itself is the first of those that have no result. */
  #break(pending: Pending, why: FanfareError): void {
    this.#slots.unshift({ ...pending, outcome: undefined, done: false });
    this.host.broken(this, why);
    this.#slots.length = 0;
  }

  #beginRound(): Round | undefined {
    const next = this.#next?.begin(this.members);
    this.#next = undefined;
    return next;
  }

  #endRound(): void {
    this.#round = undefined;
    if (!this.#isBusy) this.#late.clear();
  }

  #give(member: Member, round: Round): void {
    const joined = this.#late.size === 0 ? undefined : this.#late.get(member);
    if (joined === undefined) round.give(member);
    else round.giveSince(member, joined);
    // Only a burst waits for its readers.
    if (this.#backlog && member.whenTaken()) this.#awaitReader(member);
  }

  #awaitReader(member: Member): void {
    this.#stragglers ??= new Stragglers(this.host.parts.clock, () => this.#proceed());
    this.#stragglers.add(member, this.#members.size === 1);
  }

  /** Nobody is left: what waits concerns nobody. */
  #abandon(): void {
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
    if (this.#seen.isLast(event)) return true;
    if (this.topics.length < 2) return false;
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

/** A member's place in a cohort. Follows the member to another cohort, should that serve it from then on. */
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
