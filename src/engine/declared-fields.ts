import type { Arguments, Declaration } from "../declare/declaration.ts";
import type { Log } from "../contract/log.ts";
import { Cohorts, type CohortsOptions } from "./cohort/cohorts.ts";
import type { Member, RunningSubscription } from "./cohort/member.ts";
import { FieldExecution } from "./execution/field-execution.ts";
import { initialOf, type Initial } from "./execution/initial.ts";
import type { Hearing } from "./plan/plan.ts";
import { hearingOf } from "./plan/planner.ts";

/** Declared fields that other executors run: the same hub, order and bounds, and values instead of results. */
export class DeclaredFields {
  readonly #execution: FieldExecution;
  readonly #cohorts: Cohorts<Hearing>;

  constructor(options: Omit<CohortsOptions<Hearing>, "caught" | "executor">, log: Log) {
    this.#execution = new FieldExecution(log);
    // Nothing is shared here, so that nothing can break it.
    this.#cohorts = new Cohorts({ ...options, executor: this.#execution, caught: (hearing) => hearing });
  }

  /** Throws what the declaration's own functions throw. */
  plan(declaration: Declaration, args: Arguments, context: unknown): Promise<Hearing> {
    return hearingOf(declaration, args, context);
  }

  join(hearing: Hearing, member: Member): RunningSubscription<Hearing> {
    return this.#cohorts.join(hearing, member);
  }

  /** What goes before the events. Throws what the declaration's own functions throw. */
  initial(hearing: Hearing, context: unknown): Promise<Initial> {
    return initialOf(this.#execution, hearing, context);
  }
}
