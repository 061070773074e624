import * as fc from "fast-check";

/** A car of the reference implementation. */
export interface PlainCar {
  readonly id: string;
  readonly make: string;
  readonly year: number | null;
  readonly owner: string;
}

export const makes = ["Fiat", "Lada", "Skoda"] as const;
export const years = [1999, 2010, 2021] as const;

/** A `where`, and its meaning as a predicate. */
export interface ArbitraryWhere {
  readonly where: object;
  readonly meets: (car: PlainCar) => boolean;
}

type Compare = (left: string | number, right: string | number) => boolean;

const comparisons: Readonly<Record<string, Compare>> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  lt: (left, right) => left < right,
  lte: (left, right) => left <= right,
  gt: (left, right) => left > right,
  gte: (left, right) => left >= right,
};

function comparison(field: "make" | "year", values: readonly (string | number)[]): fc.Arbitrary<ArbitraryWhere> {
  const operators = fc.constantFrom(...Object.entries(comparisons));
  return fc.tuple(operators, fc.constantFrom(...values)).map(([[name, compare], value]) => ({
    where: { [field]: { [name]: value } },
    meets: ({ [field]: own }) => own !== null && compare(typeof value === "number" ? Number(own) : own, value),
  }));
}

function oneOf(field: "make" | "id", values: readonly string[]): fc.Arbitrary<ArbitraryWhere> {
  return fc.subarray([...values]).map((some) => ({
    where: { [field]: { in: some } },
    meets: ({ [field]: own }) => some.includes(own),
  }));
}

const missing: fc.Arbitrary<ArbitraryWhere> = fc.boolean().map((isNull) => ({
  where: { year: { isNull } },
  meets: ({ year }) => (year === null) === isNull,
}));

const ids = ["1", "2", "3"];

const simple = fc.oneof(
  comparison("make", makes),
  comparison("year", years),
  oneOf("make", makes),
  oneOf("id", ids),
  missing,
);

function combined(part: fc.Arbitrary<ArbitraryWhere>): fc.Arbitrary<ArbitraryWhere> {
  const parts = fc.array(part, { maxLength: 3 });
  return fc.oneof(
    part,
    parts.map((of) => ({
      where: { and: of.map(({ where }) => where) },
      meets: (car: PlainCar) => of.every(({ meets }) => meets(car)),
    })),
    parts.map((of) => ({
      where: { or: of.map(({ where }) => where) },
      meets: (car: PlainCar) => of.some(({ meets }) => meets(car)),
    })),
    part.map(({ where, meets }) => ({ where: { not: where }, meets: (car: PlainCar) => !meets(car) })),
    fc.tuple(simple, part).map(([one, other]) => ({
      where: { ...one.where, and: [other.where] },
      meets: (car: PlainCar) => one.meets(car) && other.meets(car),
    })),
  );
}

/** Any `where` of up to three levels. */
export const arbitraryWhere: fc.Arbitrary<ArbitraryWhere> = combined(combined(simple));
