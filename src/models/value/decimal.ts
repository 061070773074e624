import { order, type Kind } from "./kind.ts";

const pattern = /^(?<sign>-?)(?<whole>\d+)(?:\.(?<fraction>\d+))?$/;
const special: ReadonlyMap<string, number> = new Map([
  ["-Infinity", -1],
  ["Infinity", 1],
  ["NaN", 2],
]);

/** `numeric` as text, which keeps all digits. */
export const decimal: Kind = {
  one: "a decimal number",
  scalar: "Decimal",
  identifies: false,
  decode: textOf,
  plain: String,
  comparison: {
    accept: (input) => textOf(String(input)),
    compare: (left, right) => compareDecimals(String(left), String(right)),
    encode: undefined,
  },
};

/** `numeric` as a number, for Drizzle's mode `number`, rounded to double precision. */
export const decimalNumber: Kind = {
  ...decimal,
  decode: numberOf,
  comparison: {
    accept: (input) => numberOf(String(input)),
    compare: (left, right) => order(Number(left), Number(right)),
    encode: undefined,
  },
};

/** `numeric` as a bigint, for Drizzle's mode `bigint`. */
export const decimalBigint: Kind = {
  ...decimal,
  one: "a whole number",
  decode: (text) => (/^-?\d+$/.test(text) ? BigInt(text) : undefined),
};

function textOf(text: string): string | undefined {
  return pattern.test(text) || special.has(text) ? text : undefined;
}

function numberOf(text: string): number | undefined {
  return textOf(text) === undefined ? undefined : Number(text);
}

/** Compares in PostgreSQL's order: NaN is the greatest. */
function compareDecimals(left: string, right: string): number {
  const [leftRank, rightRank] = [special.get(left) ?? 0, special.get(right) ?? 0];
  if (leftRank !== 0 || rightRank !== 0) return order(leftRank, rightRank);
  const scale = Math.max(fractionOf(left).length, fractionOf(right).length);
  return order(scaled(left, scale), scaled(right, scale));
}

function scaled(text: string, scale: number): bigint {
  const { sign = "", whole = "0" } = pattern.exec(text)?.groups ?? {};
  return BigInt(`${sign}${whole}${fractionOf(text).padEnd(scale, "0")}`);
}

function fractionOf(text: string): string {
  return pattern.exec(text)?.groups?.["fraction"] ?? "";
}
