import type { Need } from "./options.ts";
import type { Stage } from "./stage.ts";

export type Kind = "history" | "acrossProcesses" | "oneProcess";

/** One clause of the contract, and its proof. */
export interface Case {
  readonly name: string;
  /** Runs only for a broker of this kind. */
  readonly supports?: readonly Kind[];
  /** Runs only with these options. */
  readonly needs?: readonly Need[];
  run(stage: Stage): Promise<void>;
}

export interface Chapter {
  readonly name: string;
  readonly cases: readonly Case[];
}
