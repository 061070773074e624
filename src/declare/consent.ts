import { valueKind } from "../base/value-kind.ts";
import { silence } from "../base/thenable.ts";
import type { Log } from "../contract/log.ts";

/**
 * Whether an application's function permits what it was asked about. Fail-closed: only `true` does. A promise, which is
 * truthy, and any other answer but false and nothing is logged.
 *
 * @param what the function, and `otherwise` what becomes of the thing it was asked about, for the log.
 */
export function consents(
  answer: unknown,
  log: Log,
  what: string,
  otherwise: string,
  details: Readonly<Record<string, unknown>>,
): boolean {
  if (answer === true) return true;
  if (answer === false || answer === null || answer === undefined) return false;
  silence(answer);
  log.error(`${what} answered with ${valueKind(answer)}, not with true or false; ${otherwise}`, details);
  return false;
}
