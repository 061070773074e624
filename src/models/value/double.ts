import { order, type Kind } from "./kind.ts";

/** `real` and `double precision`. */
export const double: Kind = {
  one: "a number",
  scalar: "Float",
  identifies: false,
  decode: numberOf,
  // JSON has neither NaN nor infinities.
  plain: (value) => (Number.isFinite(value) ? value : String(value)),
  comparison: {
    accept: (input) => numberOf(String(input)),
    compare: (left, right) => order(Number(left), Number(right)),
    encode: undefined,
  },
};

function numberOf(text: string): number | undefined {
  if (text.trim() === "") return undefined;
  const number = Number(text);
  return Number.isNaN(number) && text !== "NaN" ? undefined : number;
}
