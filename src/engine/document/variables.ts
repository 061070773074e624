import { getVariableValues, type GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import { withCode } from "./error.ts";
import type { VariableValues } from "../selection/selection.ts";

/** An operation's coerced variables. */
export interface Variables {
  readonly values: VariableValues;
  /** The same as a plain record, by variable name. */
  readonly coerced: Readonly<Record<string, unknown>>;
}

const maxErrors = 20;

/** CoerceVariableValues (spec 6.1.2). The errors carry the code BAD_USER_INPUT. */
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

/** graphql-js 16 answers `{ coerced }`, and its other functions take that record where 17 takes `variableValues`. */
function isRecord(result: object): result is { coerced: VariableValues & Record<string, unknown> } {
  return "coerced" in result;
}

// Beyond these a value is not worth a key; cycles and values that contain each other many times end here, too.
const maxDepth = 100;
const maxParts = 10_000;

/**
 * One text for all equal values, and a different one for different values: the order of keys does not count, but
 * `1`, `"1"`, `1n`, `-0`, `null`, `undefined` and a missing key all differ. Covers what JSON can hold, dates and bigints.
 * Undefined for everything else, such as functions or instances of a custom scalar's class: what cannot be compared
 * must not be shared.
 */
export function canonical(value: unknown): string | undefined {
  return new Canonical().text(value, 0);
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
      // Holes, and properties beside the elements, have no place in the text.
      if (prototype !== Array.prototype || names.length !== value.length || hidden !== 1) return undefined;
      return this.#joined(
        "[",
        value.map((element) => this.text(element, depth)),
        "]",
      );
    }
    if (hidden !== 0) return undefined;
    if (value instanceof Date) {
      return prototype === Date.prototype && names.length === 0 ? `Date(${value.getTime()})` : undefined;
    }
    // graphql-js 16 takes a variable named `__proto__` for the prototype: another reason not to look past it.
    if (prototype !== Object.prototype && prototype !== null) return undefined;
    const record = new Map<string, unknown>(Object.entries(value));
    const properties = names.toSorted().map((name) => {
      const text = this.text(record.get(name), depth);
      return text === undefined ? undefined : `${JSON.stringify(name)}:${text}`;
    });
    return this.#joined("{", properties, "}");
  }

  #joined(open: string, parts: readonly (string | undefined)[], close: string): string | undefined {
    return parts.includes(undefined) ? undefined : `${open}${parts.join(",")}${close}`;
  }
}
