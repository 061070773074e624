import type * as suite from "../contract-suite.ts";
import type { Need } from "./options.ts";
import type { Stage } from "./stage.ts";

export type Kind = "history" | "acrossProcesses" | "oneProcess";

/** One clause of the contract, and its proof. */
export interface Case extends suite.Case<Stage> {
  /** Runs only for a broker of this kind. */
  readonly supports?: readonly Kind[];
  /** Runs only with these options. */
  readonly needs?: readonly Need[];
}

export type Chapter = suite.Chapter<Stage, Case>;
