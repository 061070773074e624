import type { Log } from "../../contract/log.ts";
import { placeOf } from "../execution/place.ts";
import type { Hearing } from "./plan.ts";

/** Warns, once per field, of an operation that listens to no topic, so that nothing is ever delivered. */
export class Silence {
  readonly #log: Log;
  /** The fields of which the log has been told; the schema bounds them. */
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param plan of a declared field or of one with a trigger. */
  tell(plan: Hearing): void {
    if (plan.topics.length > 0 || this.#told.has(plan.fieldName)) return;
    this.#told.add(plan.fieldName);
    const named = plan.declaration ? "`topics`" : "The trigger";
    const place = placeOf(plan);
    const what = `${named} of ${place.field ?? "a declared field"} gave no topic`;
    this.#log.warn(`${what}: the operation hears nothing until it joins one by context.operation.join`, { ...place });
  }
}
