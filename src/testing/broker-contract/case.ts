import type * as suite from "../contract-suite.ts";
import type { Need } from "./options.ts";
import type { Stage } from "./stage.ts";

export type Kind = "history" | "acrossProcesses" | "oneProcess";

/** A clause of the contract, and its test. */
export interface Case extends suite.Case<Stage> {
  /** The features without which the case does not apply. */
  readonly supports?: readonly Kind[];
  /** The options without which the case does not apply. */
  readonly needs?: readonly Need[];
}

export type Chapter = suite.Chapter<Stage, Case>;
