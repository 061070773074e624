import { type TopicLike, topicName } from "../declare/topic.ts";
import type { Cohort } from "./cohort.ts";
import type { Cohorts } from "./cohorts.ts";
import type { Member } from "./member.ts";
import type { Plan } from "./plan.ts";
import type { RunningSubscription } from "./running-subscription.ts";

/** A member's place in a cohort. */
export class Membership implements RunningSubscription {
  readonly #cohorts: Cohorts;
  readonly #member: Member;
  #cohort: Cohort;

  constructor(cohorts: Cohorts, cohort: Cohort, member: Member) {
    this.#cohorts = cohorts;
    this.#cohort = cohort;
    this.#member = member;
  }

  get plan(): Plan {
    return this.#cohort.plan;
  }

  get cohort(): string {
    return this.#cohort.id;
  }

  get live(): Promise<void> {
    return this.#cohort.live;
  }

  /** Follows the member to the cohort that serves it from now on. */
  moved(cohort: Cohort): void {
    this.#cohort = cohort;
  }

  /** Listens to more topics; from then on the operation is executed alone. Throws FanfareError BROKER_UNAVAILABLE. */
  async join(topics: readonly TopicLike[]): Promise<void> {
    this.#cohort = this.#cohorts.separate(this.#cohort, this.#member);
    await this.#cohorts.listen(this.#cohort, topics.map(topicName));
  }

  async leave(topics: readonly TopicLike[]): Promise<void> {
    this.#cohort = this.#cohorts.separate(this.#cohort, this.#member);
    this.#cohorts.unlisten(this.#cohort, topics.map(topicName));
  }

  /** Its cohort has been delivering since the member joined. */
  start(): void {}

  end(): void {
    this.#cohorts.leave(this.#cohort, this.#member);
  }
}
