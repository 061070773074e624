import type { Kind } from "../kind.ts";
import { order } from "./order.ts";

export const boolean: Kind = {
  one: "true or false",
  scalar: "Boolean",
  identifies: false,
  decode: (text) => (text === "true" || text === "false" ? text === "true" : undefined),
  plain: (value) => value,
  comparison: {
    accept: (input) => (typeof input === "boolean" ? input : undefined),
    compare: (left, right) => order(left === true, right === true),
    encode: String,
  },
};
