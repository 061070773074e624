import { declare } from "fanfare";
import type { TableReader } from "fanfare/contract";
import type { Model } from "fanfare/models";
import type { Context } from "./context.ts";
import { cars } from "./tables.ts";

const { model } = declare<Context>();

export type Car = typeof cars.$inferSelect;

/** @param source reads the cars for `carChanged(initial: true)`. */
export function carModel(source: TableReader): Model<Car, Context> {
  return model(cars, { name: "Car", fields: ["id", "make", "model", "variant", "year", "updatedAt"], source });
}
