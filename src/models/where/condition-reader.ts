import { GraphQLError } from "graphql";
import type { ComparableField, Condition, Meets } from "./condition.ts";

// The largest number of conditions in a `where`: it bounds the cost per event.
const maxConditions = 1_024;

const orders: ReadonlyMap<string, Meets> = new Map<string, Meets>([
  ["ne", (order) => order !== 0],
  ["lt", (order) => order < 0],
  ["lte", (order) => order <= 0],
  ["gt", (order) => order > 0],
  ["gte", (order) => order >= 0],
]);

/** Reads a `where` argument, which GraphQL has validated. */
export class ConditionReader {
  readonly #fields: ReadonlyMap<string, ComparableField>;
  #count = 0;

  constructor(fields: ReadonlyMap<string, ComparableField>) {
    this.#fields = fields;
  }

  /**
   * @throws GraphQLError BAD_USER_INPUT for null as a value, a value out of the field's range, or too many conditions.
   */
  read(where: unknown, path: string = "where"): Condition {
    const parts = entriesOf(where).flatMap(([name, value]): readonly Condition[] => {
      const at = `${path}.${name}`;
      if (value == null) return [];
      if (name === "not") return [{ kind: "not", of: this.read(value, at) }];
      if (name === "and" || name === "or") return [this.#several(name === "and" ? "all" : "any", value, at)];
      const on = this.#fields.get(name);
      return on ? this.#ofField(on, value, at) : [];
    });
    const [first, second] = parts;
    return first && !second ? first : { kind: "all", of: parts };
  }

  #several(kind: "all" | "any", value: unknown, path: string): Condition {
    return { kind, of: listOf(value).map((part, index) => this.read(part, `${path}[${index}]`)) };
  }

  #ofField(on: ComparableField, conditions: unknown, path: string): readonly Condition[] {
    return entriesOf(conditions).map(([operator, value]) =>
      this.#ofOperator(on, operator, value, `${path}.${operator}`),
    );
  }

  #ofOperator(on: ComparableField, operator: string, value: unknown, path: string): Condition {
    this.#charge();
    if (value == null) throw refusal(`${path} is null, which nothing compares with; ask for isNull`);
    if (operator === "isNull") return { kind: "null", on, isNull: value === true };
    if (operator === "eq") return { kind: "in", on, values: [this.#value(on, value, path)] };
    if (operator === "in") return { kind: "in", on, values: this.#values(on, value, path) };
    const meets = orders.get(operator) ?? (() => false);
    return { kind: "order", on, value: this.#value(on, value, path), meets };
  }

  #values(on: ComparableField, value: unknown, path: string): readonly unknown[] {
    return listOf(value).map((element, index) => {
      this.#charge();
      return this.#value(on, element, `${path}[${index}]`);
    });
  }

  #value({ field, comparison }: ComparableField, input: unknown, path: string): unknown {
    const value = comparison.accept(input);
    if (value !== undefined) return value;
    throw refusal(`${path} is ${JSON.stringify(String(input))}, but ${field.name} is ${field.kind.one}`);
  }

  #charge(): void {
    this.#count += 1;
    if (this.#count > maxConditions) throw refusal(`where has more than ${maxConditions} conditions`);
  }
}

/** The error for a refused request. */
export function refusal(message: string, code: string = "BAD_USER_INPUT"): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return Object.entries(Object(value));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
