import type { GraphQLSchema } from "graphql";
import type { FanfareError } from "../../base/error.ts";
import type { TopicName } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import { telemetry } from "../../contract/telemetry.ts";
import type { Execution } from "../execution/execution.ts";
import type { Hub } from "../hub/hub.ts";
import type { Plan } from "../plan/plan.ts";
import { declaredShareable } from "../plan/sharing.ts";
import { Cohort, type CohortHost, type Membership, type Pending } from "./cohort.ts";
import type { FanOut } from "./fan-out.ts";
import type { Member } from "./member.ts";

export interface CohortsOptions {
  readonly schema: GraphQLSchema;
  readonly hub: Hub;
  readonly execution: Execution;
  readonly fanOut: FanOut;
  readonly log: Log;
  /** Runs a function in the server's own async context. */
  readonly inContext: (deliver: () => void) => void;
  /** Told that a document's fields look at the viewer, though they were declared shareable. */
  readonly caught: (plan: Plan) => void;
}

/** The cohorts of this process, by plan key. */
export class Cohorts implements CohortHost {
  readonly execution: Execution;
  readonly fanOut: FanOut;
  readonly #options: CohortsOptions;
  readonly #byKey = new Map<string, Cohort>();
  #count = 0;

  constructor(options: CohortsOptions) {
    this.#options = options;
    this.execution = options.execution;
    this.fanOut = options.fanOut;
  }

  /** Cohorts that several operations may share. */
  get shared(): number {
    return this.#byKey.size;
  }

  /** Puts a member into the cohort of its plan. It hears every event that is published once `live` has resolved. */
  join(plan: Plan, member: Member): Membership {
    const known = plan.key === undefined ? undefined : this.#byKey.get(plan.key);
    const cohort = known && !known.ending ? known : this.#open(plan);
    return cohort.add(member);
  }

  /** A shared execution looked at the viewer: from these events on, each member is served alone. */
  broken(cohort: Cohort, error: FanfareError, pending: readonly Pending[]): void {
    const { plan } = cohort;
    const { caught, log, schema } = this.#options;
    caught(plan);
    const fields = declaredShareable(schema, plan.document.ast);
    if (telemetry["sharing.broken"].hasSubscribers) telemetry["sharing.broken"].publish({ fields, why: error.message });
    log.error("A field that is declared shareable looks at the viewer; its document is no longer shared", {
      field: `Subscription.${plan.fieldName}`,
      oneOf: fields,
      error,
    });
    for (const member of [...cohort.members]) {
      const filter = plan.filterAlone?.() ?? plan.filter;
      const alone = this.#create({
        ...plan,
        key: undefined,
        audience: "session",
        walk: undefined,
        filter,
        lent: undefined,
      });
      this.#move(cohort, member, alone);
      const events = cohort.concerning(member, pending);
      cohort.delete(member);
      alone.resume(cohort, events);
    }
    this.#close(cohort);
  }

  leave(cohort: Cohort, member: Member): void {
    cohort.delete(member);
    if (cohort.size === 0) this.#close(cohort);
  }

  separate(cohort: Cohort, member: Member): void {
    if (cohort.plan.key === undefined) return;
    const alone = this.#create({ ...cohort.plan, key: undefined });
    // What is ready is handed to everybody here, which is no business of the one who asked.
    this.#options.inContext(() => {
      this.#move(cohort, member, alone);
      alone.resume(cohort, cohort.release(member));
    });
    if (cohort.size === 0) this.#close(cohort);
  }

  async listen(cohort: Cohort, topics: readonly TopicName[]): Promise<void> {
    const added = topics.filter((topic) => !cohort.topics.includes(topic));
    cohort.topics = [...cohort.topics, ...added];
    try {
      await this.#options.hub.listen(added, cohort);
    } catch (error) {
      cohort.topics = cohort.topics.filter((topic) => !added.includes(topic));
      throw error;
    }
  }

  unlisten(cohort: Cohort, topics: readonly TopicName[]): void {
    cohort.topics = cohort.topics.filter((topic) => !topics.includes(topic));
    this.#options.hub.leave(topics, cohort);
  }

  #open(plan: Plan): Cohort {
    const cohort = this.#create(plan);
    if (plan.key !== undefined) this.#byKey.set(plan.key, cohort);
    cohort.live = this.#options.hub.listen(plan.topics, cohort);
    cohort.live.catch(() => this.#close(cohort));
    return cohort;
  }

  #create(plan: Plan): Cohort {
    this.#count += 1;
    return new Cohort(this, String(this.#count), plan);
  }

  #close(cohort: Cohort): void {
    const { key } = cohort.plan;
    if (key !== undefined && this.#byKey.get(key) === cohort) this.#byKey.delete(key);
    this.#options.hub.leave(cohort.topics, cohort);
  }

  #move(from: Cohort, member: Member, to: Cohort): void {
    to.topics = from.topics;
    to.live = from.live;
    to.adopt(member, from);
    this.#options.hub.listenBeside(to.topics, to);
  }
}
