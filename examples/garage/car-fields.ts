import type { CarValues } from "./car-store.ts";
import type { Fields } from "./fields.ts";
import { badInput, requireCount, requireText, rowId } from "./input.ts";

const longest = 200;

type Nullable<Values> = { readonly [Name in keyof Values]?: Values[Name] | null };

export const carFields = {
  Query: {
    cars: {
      resolve: (_, args: Nullable<{ make: string; first: number; after: string }>, { cars }) => {
        const after = args.after == null ? 0 : rowId(args.after);
        if (after === undefined) throw badInput("after must be the id of a car");
        const make = args.make == null ? undefined : requireText("make", args.make, longest);
        return cars.list(make, requireCount("first", args.first ?? 100), after);
      },
    },
    car: { resolve: (_, { id }: { id: string }, { cars }) => cars.find(id) },
  },

  Mutation: {
    createCar: { resolve: (_, { input }: { input: CarValues }, { cars }) => cars.create(checked(input)) },
    updateCar: {
      resolve: (_, { id, input }: { id: string; input: Nullable<CarValues> }, { cars }) =>
        cars.update(id, checkedPatch(input)),
    },
    deleteCar: {
      resolve: async (_, { id }: { id: string }, { cars }) => {
        await cars.delete(id);
        return id;
      },
    },
  },
} satisfies Fields;

function checked<Values extends Partial<CarValues>>(values: Values): Values {
  for (const name of ["make", "model", "variant"] as const) {
    const text = values[name];
    if (text != null) requireText(name, text, longest);
  }
  return values;
}

function checkedPatch({ make, model, ...rest }: Nullable<CarValues>): Partial<CarValues> {
  if (make === null || model === null) throw badInput("A car must have a make and a model");
  const patch = { ...rest, ...(make !== undefined && { make }), ...(model !== undefined && { model }) };
  if (Object.keys(patch).length === 0) throw badInput("input must have at least one value to change");
  return checked(patch);
}
