import type { Arguments, Declaration } from "../declare/declaration.ts";
import { Cohorts, type CohortsOptions } from "./cohort/cohorts.ts";
import type { Member, RunningSubscription } from "./cohort/member.ts";
import { FieldExecution } from "./execution/field-execution.ts";
import { initialOf, type Initial, type InitialReader, type InitialTools } from "./execution/initial.ts";
import type { Silence } from "./plan/silence.ts";
import type { Hearing } from "./plan/plan.ts";
import { hearingOf } from "./plan/planner.ts";
import { assertTopics, type TopicLimits } from "./plan/topic-limits.ts";

/** Options of {@link DeclaredFields}. */
export interface DeclaredFieldsOptions extends Omit<CohortsOptions<Hearing>, "caught" | "executor"> {
  readonly initialTools: InitialTools;
  readonly silence: Silence;
}

/** Declared fields that other executors run: with the same hub, order and bounds, but values instead of results. */
export class DeclaredFields {
  readonly #execution: FieldExecution;
  readonly #cohorts: Cohorts<Hearing>;
  readonly #initialTools: InitialTools;
  readonly #topicLimits: TopicLimits;
  readonly #silence: Silence;

  constructor(options: DeclaredFieldsOptions) {
    this.#initialTools = options.initialTools;
    this.#topicLimits = options.topicLimits;
    this.#silence = options.silence;
    this.#execution = new FieldExecution(options.initialTools.log);
    // Hearings have no key, so they are never shared and `caught` is never called.
    this.#cohorts = new Cohorts({ ...options, executor: this.#execution, caught: (hearing) => hearing });
  }

  /** @throws the errors of the declaration's functions, and a GraphQLError LIMIT_EXCEEDED. */
  async plan(declaration: Declaration, fieldName: string, args: Arguments, context: unknown): Promise<Hearing> {
    const hearing = await hearingOf(declaration, fieldName, args, context);
    assertTopics(hearing.topics, this.#topicLimits);
    this.#silence.tell(hearing);
    return hearing;
  }

  join(hearing: Hearing, member: Member): RunningSubscription<Hearing> {
    return this.#cohorts.join(hearing, member);
  }

  /**
   * The initial value or snapshot, which goes before the events.
   *
   * @throws the errors of the declaration's functions.
   */
  initial(hearing: Hearing, context: unknown, reader: InitialReader): Promise<Initial> {
    return initialOf(this.#execution, hearing, context, reader, this.#initialTools);
  }
}
