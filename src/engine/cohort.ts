import type { FanfareError } from "../base/error.ts";
import type { Event, GapReason, TopicName } from "../contract/broker.ts";
import { telemetry } from "../contract/telemetry.ts";
import type { BrokenSharing, Execution, Outcome } from "./execution.ts";
import type { FanOut, FanOutSource } from "./fan-out.ts";
import type { Listener } from "./listener.ts";
import type { Delivery } from "./delivery.ts";
import type { Member } from "./member.ts";
import type { Plan } from "./plan.ts";

export interface CohortOptions {
  readonly id: string;
  readonly plan: Plan;
  readonly execution: Execution;
  readonly fanOut: FanOut;
  /** Called when a shared execution looked at the viewer; `events` are to be executed for each member alone. */
  readonly broken: (cohort: Cohort, why: FanfareError, events: readonly Event[]) => void;
}

/** An event on its way through execution. Later events wait for it, however fast they are. */
interface Slot {
  readonly event: Event;
  outcome: Outcome;
  done: boolean;
}

/** Results on their way to the members. */
interface Round {
  readonly members: Iterator<Member>;
  readonly deliveries: readonly Delivery[];
  /** How many deliveries this cohort had made before these. */
  readonly first: number;
}

/** What waits for the end of the turn. More than this is handed on at once, so that a burst cannot pile up. */
const maxReady = 64;
/** Of an operation with several topics: how many events back a repeat is recognised. */
const maxRemembered = 1_024;

/** All operations here with the same plan key. Each event is executed once for all of them, and delivered in order. */
export class Cohort implements Listener, FanOutSource {
  readonly id: string;
  readonly plan: Plan;
  readonly match: Plan["match"];
  /** What it listens to: the plan's topics, until an operation that is alone in its cohort joins or leaves some. */
  topics: readonly TopicName[];
  /** Resolves when all topics are live. */
  live: Promise<void> = Promise.resolve();
  readonly #options: CohortOptions;
  readonly #members = new Set<Member>();
  /** Members that joined while results were on their way, with the number of results that are not for them. */
  readonly #late = new Map<Member, number>();
  readonly #slots: Slot[] = [];
  readonly #remembered = new Set<string>();
  #lastEvent: Event | undefined;
  #made = 0;
  #ready: Delivery[] = [];
  #round: Round | undefined;
  #ended = false;

  constructor(options: CohortOptions) {
    this.id = options.id;
    this.plan = options.plan;
    this.match = options.plan.match;
    this.topics = options.plan.topics;
    this.#options = options;
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): IterableIterator<Member> {
    return this.#members.values();
  }

  add(member: Member): void {
    if (this.#round || this.#ready.length > 0) this.#late.set(member, this.#made);
    this.#members.add(member);
  }

  delete(member: Member): void {
    this.#members.delete(member);
    this.#late.delete(member);
  }

  /** Lets a member go that will be served elsewhere. Answers the events that were still being executed for it. */
  release(member: Member): readonly Event[] {
    this.#handOn();
    this.delete(member);
    return this.#slots.map((slot) => slot.event);
  }

  event(event: Event): void {
    if (this.#ended || this.#members.size === 0 || this.#isRepeat(event)) return;
    const [first] = this.#members;
    const outcome = this.#options.execution.run(this.plan, event, () => first?.context());
    if (outcome instanceof Promise) this.#wait(event, outcome);
    else if (this.#slots.length > 0) this.#queue({ event, outcome, done: true });
    else this.#settle(event, outcome, []);
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
    if (this.#slots.length > 0) this.#slots.push({ event, outcome: undefined, done: true });
    else this.#complete();
  }

  gap(reason: GapReason): void {
    this.#handOn();
    for (const member of this.#members) member.gap(reason);
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

  #give(member: Member, { deliveries, first }: Round): void {
    const joined = this.#late.size === 0 ? undefined : this.#late.get(member);
    if (joined === undefined || joined <= first) member.deliver(deliveries);
    else if (joined < first + deliveries.length) member.deliver(deliveries.slice(joined - first));
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

  #wait(event: Event, outcome: Promise<Outcome>): void {
    const slot: Slot = { event, outcome: undefined, done: false };
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
    for (const member of [...this.#members]) member.overflow(slot.event);
    if (!dropsOldest) return false;
    this.#slots.shift();
    return this.#slots.push(slot) > 0;
  }

  #drain(): void {
    while (this.#slots[0]?.done) {
      const { event, outcome } = this.#slots.shift() ?? {};
      if (event?.end) this.#complete();
      else if (event) this.#settle(event, outcome, this.#slots);
    }
  }

  #settle(event: Event, outcome: Outcome, later: Slot[]): void {
    this.#tell(event, outcome);
    if (!outcome) return;
    if (isBroken(outcome)) {
      const events = [event, ...later.splice(0).map((slot) => slot.event)];
      this.#handOn();
      this.#options.broken(this, outcome.broken, events);
      return;
    }
    if (this.plan.filtersByTopic) {
      if (this.#remembered.has(event.id)) return;
      this.#remember(event);
    }
    this.#ready.push(outcome);
    this.#made += 1;
    if (this.#ready.length >= maxReady) this.#handOn();
    else if (this.#ready.length === 1) this.#options.fanOut.addSource(this);
  }

  #nextRound(): Round | undefined {
    if (this.#ready.length === 0) return undefined;
    const deliveries = this.#ready;
    this.#ready = [];
    return { members: this.#members.values(), deliveries, first: this.#made - deliveries.length };
  }

  #endRound(): void {
    this.#round = undefined;
    if (this.#ready.length === 0) this.#late.clear();
  }

  /** Gives everything that is ready to everybody, now. */
  #handOn(): void {
    while (this.#round || this.#ready.length > 0) this.distribute(Infinity);
  }

  #complete(): void {
    this.#ended = true;
    this.#handOn();
    for (const member of [...this.#members]) member.complete();
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

function isBroken(outcome: Delivery | BrokenSharing): outcome is BrokenSharing {
  return "broken" in outcome;
}
