import { FanfareError, type ErrorCode } from "./error.ts";
import { optionsOf, type Cure, type Rule, type Rules } from "./rule.ts";

/**
 * Checks an argument of a public function.
 *
 * @param caller the function as its user knows it, with which the message begins.
 * @throws FanfareError with `code` for a value that the rule does not allow.
 */
export function checkArgument(
  caller: string,
  name: string,
  value: unknown,
  rule: Rule,
  code: ErrorCode = "BAD_OPTION",
): void {
  const problem = rule(name, value);
  if (problem !== undefined) throw new FanfareError(code, `${caller}: ${problem}`);
}

/**
 * Checks the options of a public function: their names, and their values by the `rules`.
 *
 * @param required the options that must not be left out.
 * @param cure the usual cure for options that are no object.
 * @throws FanfareError with `code` for an option that is unknown, missing or not allowed.
 */
export function checkOptions(
  caller: string,
  options: unknown,
  rules: Rules,
  { required = [], code = "BAD_OPTION", cure }: OptionsCheck = {},
): void {
  checkArgument(caller, "", options, optionsOf(rules, required, cure), code);
}

export interface OptionsCheck {
  readonly required?: readonly string[];
  readonly code?: ErrorCode;
  readonly cure?: Cure;
}
