import type { CapturedRow } from "../../contract/captured.ts";
import type { Match, MatchValue } from "../../declare/declaration.ts";
import type { ComparableField, Condition } from "./condition.ts";
import { keyFacet } from "../change/facet.ts";

// A condition with more alternatives is not indexed; it is evaluated for each event.
const maxAlternatives = 64;

/**
 * A necessary condition as alternatives of equalities, for the server's index: a row that meets the condition meets one
 * of them. Undefined if there is none. Like a disjunctive normal form, but without the parts that are no equalities.
 */
export function alternativesOf(condition: Condition): readonly Match[] | undefined {
  switch (condition.kind) {
    case "all":
      return condition.of.map(alternativesOf).reduce(both, undefined);
    case "any":
      return condition.of.map(alternativesOf).reduce(either, []);
    case "in":
      return inAlternatives(condition.on, condition.values);
    default:
      return undefined;
  }
}

/** A necessary condition as one value per column, in the form of captured rows, for the database's index. */
export function equalitiesOf(condition: Condition): CapturedRow {
  if (condition.kind === "all") return Object.assign({}, ...condition.of.map(equalitiesOf));
  if (condition.kind !== "in" || condition.values.length !== 1) return {};
  const { field, comparison } = condition.on;
  if (field.column === undefined || !comparison.encode) return {};
  return { [field.column]: comparison.encode(condition.values[0]) };
}

function inAlternatives(on: ComparableField, values: readonly unknown[]): readonly Match[] | undefined {
  if (values.length > maxAlternatives) return undefined;
  const name = on.field.column === undefined ? keyFacet : on.field.name;
  const matches = values.filter(isMatchValue).map((value) => ({ [name]: value }));
  return matches.length === values.length && on.comparison.encode ? matches : undefined;
}

/** The conjunction: each combination of alternatives that does not contradict itself. */
function both(left: readonly Match[] | undefined, right: readonly Match[] | undefined): readonly Match[] | undefined {
  if (!left || !right) return left ?? right;
  if (left.length * right.length > maxAlternatives) return left.length < right.length ? left : right;
  return left.flatMap((one) => right.flatMap((other) => (contradicts(one, other) ? [] : [{ ...one, ...other }])));
}

function either(left: readonly Match[] | undefined, right: readonly Match[] | undefined): readonly Match[] | undefined {
  if (!left || !right || left.length + right.length > maxAlternatives) return undefined;
  return [...left, ...right];
}

function contradicts(one: Match, other: Match): boolean {
  return Object.entries(other).some(([name, value]) => name in one && one[name] !== value);
}

function isMatchValue(value: unknown): value is MatchValue {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}
