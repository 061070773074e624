import { BoundedMap } from "../../base/bounded-map.ts";
import { FanfareError } from "../../base/error.ts";
import type { Fence } from "../../contract/broker.ts";

/** Scopes that are remembered; one for each source that publishes here. */
const remembered = 1000;

/** The highest token of each scope. */
export class Fences {
  readonly #tokens = new BoundedMap<string, number>(remembered);

  /** Why nothing may be published behind this fence; undefined when it may. */
  refusal({ scope, token }: Fence): FanfareError | undefined {
    const highest = this.#tokens.get(scope) ?? token;
    if (token < highest) return new FanfareError("LEAD_LOST", `${scope} has another leader by now`);
    this.#tokens.set(scope, token);
    return undefined;
  }
}
