import { quoted } from "./quoted.ts";
import { nearName } from "./near-name.ts";

/**
 * A rule for an option's value. Returns what is wrong with the value called `name`, worded as a sentence without its
 * full stop; undefined if the value is allowed.
 */
export type Rule = (name: string, value: unknown) => string | undefined;

/** A rule for each option of an object. */
export type Rules = Readonly<Record<string, Rule>>;

/** A rule for each option of `Options`: the compiler finds an option without one. */
export type RulesOf<Options> = { readonly [Name in keyof Options]-?: Rule };

/** The usual cure for a value that is often given by mistake; undefined for other values. */
export type Cure = (value: unknown) => string | undefined;

/** A rule of one test. `allowed` stands behind "must be"; `cure` is a sentence that follows it. */
export function must(allowed: string, permits: (value: unknown) => boolean, cure?: Cure): Rule {
  return (name, value) => {
    if (permits(value)) return undefined;
    const advice = cure?.(value);
    return `${name} must be ${allowed}, not ${quoted(value)}${advice === undefined ? "" : `. ${advice}`}`;
  };
}

export function aFunction(cure?: Cure): Rule {
  return must("a function", (value) => typeof value === "function", cure);
}

export const aBoolean: Rule = must("true or false", (value) => typeof value === "boolean");

export function aText(cure?: Cure): Rule {
  return must("a string", (value) => typeof value === "string", cure);
}

/** A number from `least` to `most`; Infinity is a number. */
export function aNumber(least: number, most: number = Infinity, cure?: Cure): Rule {
  return must(numbers(least, most), (value) => typeof value === "number" && value >= least && value <= most, cure);
}

function numbers(least: number, most: number): string {
  if (least === -Infinity) return "a number";
  return most === Infinity ? `a number of at least ${least}` : `a number from ${least} to ${most}`;
}

/** An object of any names. */
export const anObject: Rule = must("an object", isOptions);

export function oneOf(...values: readonly string[]): Rule {
  const shown = values.map((value) => JSON.stringify(value));
  return must(`${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`, (value) => values.some((each) => each === value));
}

/** For an option of any value, and for one that the code which reads it checks by itself. */
export const anything: Rule = () => undefined;

/** An object with functions, known by their names and not by its class, of which there may be two copies. */
export function anObjectWith(allowed: string, functions: readonly PropertyKey[], cure?: Cure): Rule {
  const permits = (value: unknown): boolean => functions.every((name) => typeof propertyOf(value, name) === "function");
  return must(allowed, (value) => typeof value === "object" && value !== null && permits(value), cure);
}

/** A property of any value. Undefined for null and undefined. */
export function propertyOf(value: unknown, name: PropertyKey): unknown {
  return value === null || value === undefined ? undefined : Reflect.get(Object(value), name);
}

export function listOf(items: string, rule: Rule, cure?: Cure): Rule {
  const isList = must(`a list of ${items}`, Array.isArray, cure);
  return (name, value) => {
    if (!Array.isArray(value)) return isList(name, value);
    for (const [index, item] of value.entries()) {
      const problem = rule(`${name}[${index}]`, item);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** An object of any names with values of one kind, such as functions by field. */
export function mapOf(values: string, rule: Rule, cure?: Cure): Rule {
  const isMap = must(`an object of ${values}`, isOptions, cure);
  return (name, value) => {
    if (!isOptions(value)) return isMap(name, value);
    for (const [key, item] of Object.entries(value)) {
      const problem = rule(`${name}.${key}`, item);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** An object with properties of these rules; others may be there. Undefined counts as left out. */
export function anObjectOf(rules: Rules, required: readonly string[] = [], cure?: Cure): Rule {
  const isObject = must("an object", isOptions, cure);
  return (name, value) => {
    if (!isOptions(value)) return isObject(wholeOf(name), value);
    for (const [property, rule] of Object.entries(rules)) {
      const given = propertyOf(value, property);
      if (given === undefined && !required.includes(property)) continue;
      const problem = rule(nameIn(name, property), given);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/**
 * Options: an object with no properties but those of `rules`. With the name "" they are those of a function, whose names
 * stand for themselves.
 */
export function optionsOf(rules: Rules, required: readonly string[] = [], cure?: Cure): Rule {
  const allowed = anObjectOf(rules, required, cure);
  const areOptions = must("an object of options", isPlain, cure);
  return (name, value) => {
    const unknown = isOptions(value) ? Object.keys(value).find((option) => !Object.hasOwn(rules, option)) : undefined;
    if (unknown === undefined) return allowed(name, value);
    // Another object in place of the options, such as a schema or a pool.
    if (!isPlain(value)) return areOptions(wholeOf(name), value);
    return unknownOption(nameIn(name, unknown), unknown, Object.keys(rules));
  };
}

function wholeOf(name: string): string {
  return name === "" ? "its options" : name;
}

function nameIn(owner: string, property: string): string {
  return owner === "" ? property : `${owner}.${property}`;
}

function unknownOption(name: string, option: string, allowed: readonly string[]): string {
  const near = nearName(option, allowed);
  const advice = near === undefined ? `There are ${allowed.toSorted().join(", ")}` : `Did you mean ${near}?`;
  return `there is no option ${name}. ${advice}`;
}

function isOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPlain(value: unknown): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm, such as a test runner's, has another `Object.prototype`, on which nothing is.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
