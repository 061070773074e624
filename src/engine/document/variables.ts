import { getVariableValues, type GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import { withCode } from "./error.ts";
import type { VariableValues } from "../selection/selection.ts";

/** The coerced variables of an operation. */
export interface Variables {
  /** For functions of graphql-js. */
  readonly values: VariableValues;
  /** The same values as a plain record, by variable name. */
  readonly coerced: Readonly<Record<string, unknown>>;
}

const maxErrors = 20;

/** CoerceVariableValues (spec 6.1.2). The errors have the code BAD_USER_INPUT. */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
  hideSuggestions: boolean = false,
): Variables | { readonly errors: readonly GraphQLError[] } {
  const definitions = operation.variableDefinitions ?? [];
  const result = getVariableValues(schema, definitions, inputs, { maxErrors, hideSuggestions });
  if (result.errors)
    return {
      errors: result.errors.map((error) => withCode(error, "BAD_USER_INPUT", hideSuggestions)),
    };
  if (isRecord(result)) return { values: result.coerced, coerced: result.coerced };
  return { values: result.variableValues, coerced: result.variableValues.coerced };
}

/** Whether the result is that of graphql-js 16, `{ coerced }`: there, other functions take this record. */
function isRecord(result: object): result is { coerced: VariableValues & Record<string, unknown> } {
  return "coerced" in result;
}

// Bounds of a value that gets a canonical form. They also end cycles, and shared parts that expand exponentially.
const maxDepth = 100;
const maxParts = 10_000;

/**
 * The canonical form of a value, which two values have in common exactly if they are equal. The order of keys does not
 * count, but `1`, `"1"`, `1n`, `-0`, `null`, `undefined` and a missing key all differ. Covers JSON values, dates and
 * bigints. Undefined for anything else, such as a function or an instance of a custom scalar's class: an operation with
 * such a variable is not shared.
 */
export function canonical(value: unknown): string | undefined {
  return new Canonical().text(value, 0);
}

/**
 * The canonical form of an operation's variables, which two requests with one document and operation have in common exactly
 * if they are equal: the values in the order of the definitions, with nothing for a missing one. Undefined as for
 * {@link canonical}.
 */
export function canonicalVariables(
  { variableDefinitions = [] }: OperationDefinitionNode,
  coerced: Variables["coerced"],
): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(coerced);
  // Prototype pollution: graphql-js 16 assigns a variable named `__proto__` to the prototype.
  if (prototype !== null && prototype !== Object.prototype) return undefined;
  const values = new Canonical();
  let joined = "";
  for (const { variable } of variableDefinitions) {
    const name = variable.name.value;
    const text = Object.hasOwn(coerced, name) ? values.text(coerced[name], 1) : "";
    if (text === undefined) return undefined;
    joined += `${text},`;
  }
  return joined;
}

class Canonical {
  #parts = 0;

  text(value: unknown, depth: number): string | undefined {
    if (++this.#parts > maxParts || depth > maxDepth) return undefined;
    if (value === null || value === undefined || typeof value === "boolean") return String(value);
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
    if (typeof value === "bigint") return `${value}n`;
    return typeof value === "object" ? this.#object(value, depth + 1) : undefined;
  }

  #object(value: object, depth: number): string | undefined {
    const prototype: unknown = Object.getPrototypeOf(value);
    const names = Object.keys(value);
    const hidden = Reflect.ownKeys(value).length - names.length;
    if (Array.isArray(value)) {
      // A sparse array, or one with properties beside its elements, has no canonical form.
      const isList = prototype === Array.prototype && names.length === value.length && hidden === 1;
      return isList ? this.#elements(value, depth) : undefined;
    }
    if (hidden !== 0) return undefined;
    if (prototype === Object.prototype || prototype === null) return this.#properties(value, names, depth);
    const isDate = value instanceof Date && prototype === Date.prototype && names.length === 0;
    return isDate ? `Date(${value.getTime()})` : undefined;
  }

  #elements(value: readonly unknown[], depth: number): string | undefined {
    let joined = "";
    for (const element of value) {
      const text = this.text(element, depth);
      if (text === undefined) return undefined;
      joined += joined === "" ? text : `,${text}`;
    }
    return `[${joined}]`;
  }

  #properties(value: object, names: string[], depth: number): string | undefined {
    let joined = "";
    for (const name of names.length > 1 ? names.toSorted() : names) {
      const text = this.text(Reflect.get(value, name), depth);
      if (text === undefined) return undefined;
      joined += `${joined === "" ? "" : ","}${JSON.stringify(name)}:${text}`;
    }
    return `{${joined}}`;
  }
}
