import type { Case } from "../contract-suite.ts";
import type { Stage } from "./stage.ts";

/** A clause of the contract, and its test. */
export interface SourceCase extends Case<Stage> {
  /** The options without which the case does not apply. */
  readonly needs?: readonly "overlapping"[];
}
