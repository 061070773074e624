import type { Case } from "../contract-suite.ts";
import type { Stage } from "./stage.ts";

/** One clause of the contract, and its proof. */
export interface SourceCase extends Case<Stage> {
  /** Runs only with these options. */
  readonly needs?: readonly "overlapping"[];
}
