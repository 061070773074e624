import type { FanfareError } from "../../base/error.ts";
import type { TopicName } from "../../contract/broker.ts";
import type { Hub } from "../hub/hub.ts";
import type { Hearing, Plan } from "../plan/plan.ts";
import { assertTopics, type TopicLimits } from "../plan/topic-limits.ts";
import { Cohort, type CohortHost, type CohortParts, type Membership } from "./cohort.ts";
import type { Member } from "./member.ts";

/** Options of {@link Cohorts}. */
export interface CohortsOptions<Heard extends Hearing> extends CohortParts<Heard> {
  readonly hub: Hub;
  readonly topicLimits: TopicLimits;
  /** Runs a function in the server's own async context. */
  readonly inContext: (deliver: () => void) => void;
  /** Called when a shared execution read the context. Returns the plan of the members' own cohorts. */
  readonly caught: (plan: Heard, why: FanfareError) => Heard;
}

/** The cohorts of this process, by plan key. */
export class Cohorts<Heard extends Hearing = Plan> implements CohortHost<Heard> {
  readonly parts: CohortParts<Heard>;
  readonly #options: CohortsOptions<Heard>;
  readonly #byKey = new Map<string, Cohort<Heard>>();
  #count = 0;

  constructor(options: CohortsOptions<Heard>) {
    this.#options = options;
    this.parts = options;
  }

  /** The number of cohorts that several operations may share. */
  get shared(): number {
    return this.#byKey.size;
  }

  /** Adds a member to the cohort of its plan key. It hears every event that is published after `live` resolved. */
  join(plan: Heard, member: Member): Membership<Heard> {
    const known = plan.key === undefined ? undefined : this.#byKey.get(plan.key);
    const cohort = known && !known.ending ? known : this.#open(plan);
    if (plan.formatting) cohort.plan.formatting?.admit(plan.formatting);
    return cohort.add(member);
  }

  /** Splits a cohort whose shared execution read the context: from that event on, each member has its own cohort. */
  broken(cohort: Cohort<Heard>, why: FanfareError): void {
    this.#split(cohort, this.#options.caught(cohort.plan, why));
  }

  /** Splits all cohorts whose plan is concerned. `alone` returns the plan of the members' own cohorts. */
  splitAll(isConcerned: (plan: Heard) => boolean, alone: (plan: Heard) => Heard): void {
    const concerned = [...this.#byKey.values()].filter(({ plan }) => isConcerned(plan));
    for (const cohort of concerned) this.#options.inContext(() => this.#split(cohort, alone(cohort.plan)));
  }

  separate(cohort: Cohort<Heard>, member: Member): void {
    if (cohort.plan.key === undefined) return;
    this.#options.inContext(() => this.#move(cohort, member, this.#create({ ...cohort.plan, key: undefined })));
    if (cohort.size === 0) this.#close(cohort);
  }

  async listen(cohort: Cohort<Heard>, topics: readonly TopicName[]): Promise<void> {
    const added = topics.filter((topic) => !cohort.topics.includes(topic));
    const all = [...cohort.topics, ...added];
    assertTopics(all, this.#options.topicLimits);
    cohort.topics = all;
    try {
      await this.#options.hub.listen(added, cohort);
    } catch (error) {
      cohort.topics = cohort.topics.filter((topic) => !added.includes(topic));
      throw error;
    }
  }

  unlisten(cohort: Cohort<Heard>, topics: readonly TopicName[]): void {
    cohort.topics = cohort.topics.filter((topic) => !topics.includes(topic));
    this.#options.hub.leave(topics, cohort);
  }

  leave(cohort: Cohort<Heard>, member: Member): void {
    cohort.delete(member);
    if (cohort.size === 0) this.#close(cohort);
  }

  #split(cohort: Cohort<Heard>, plan: Heard): void {
    for (const member of [...cohort.members]) {
      const alone = this.#create({ ...plan, key: undefined, filter: plan.filterAlone?.() ?? plan.filter });
      this.#move(cohort, member, alone);
    }
    cohort.forgetSlots();
    this.#close(cohort);
  }

  #open(plan: Heard): Cohort<Heard> {
    const cohort = this.#create(plan);
    if (plan.key !== undefined) this.#byKey.set(plan.key, cohort);
    cohort.live = this.#options.hub.listen(plan.topics, cohort);
    cohort.live.catch(() => this.#close(cohort));
    return cohort;
  }

  #create(plan: Heard): Cohort<Heard> {
    this.#count += 1;
    return new Cohort(this, String(this.#count), plan);
  }

  #close(cohort: Cohort<Heard>): void {
    const { key } = cohort.plan;
    if (key !== undefined && this.#byKey.get(key) === cohort) this.#byKey.delete(key);
    this.#options.hub.leave(cohort.topics, cohort);
  }

  /** Moves a member to another cohort, which goes on exactly where this one stopped. */
  #move(from: Cohort<Heard>, member: Member, to: Cohort<Heard>): void {
    to.topics = from.topics;
    to.live = from.live;
    to.adopt(member, from);
    this.#options.hub.listenBeside(to.topics, to);
    to.resume(from, from.release(member));
  }
}
