import { declare, SKIP } from "fanfare";
import type { CarChange } from "./car-change.ts";
import type { CarValues } from "./car-store.ts";
import type { Context } from "./context.ts";
import type { Fields } from "./fields.ts";
import { badInput, requireCount, requireText, rowId } from "./input.ts";

const { subscription, topic } = declare<Context>();

/** All that happens to cars, in one order. The subscriptions below are views of it. */
export const carChanges = topic<CarChange>("cars");

const longest = 200;

type Nullable<Values> = { readonly [Name in keyof Values]?: Values[Name] | null };
type ChangesWanted = Nullable<{ id: string; actions: readonly string[] }>;

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
    createCar: {
      resolve: async (_, { input }: { input: CarValues }, { cars, publish }) => {
        const change = await cars.create(checked(input));
        await publish(carChanges(), change);
        return change.after;
      },
    },
    updateCar: {
      resolve: async (_, args: { id: string; input: Nullable<CarValues> }, { cars, publish }) => {
        const change = await cars.update(args.id, checkedPatch(args.input));
        await publish(carChanges(), change);
        return change.after;
      },
    },
    deleteCar: {
      resolve: async (_, { id }: { id: string }, { cars, publish }) => {
        const change = await cars.delete(id);
        await publish(carChanges(), change);
        return change.id;
      },
    },
  },

  Subscription: {
    carCreated: subscription({
      topics: () => [carChanges()],
      match: () => ({ action: "CREATED" }),
      resolve: ({ after }) => after ?? SKIP,
    }),
    carUpdated: subscription({
      topics: () => [carChanges()],
      match: ({ id }: Nullable<{ id: string }>) => ({ action: "UPDATED", id: id ?? undefined }),
      resolve: ({ after }) => after ?? SKIP,
    }),
    carDeleted: subscription({
      topics: () => [carChanges()],
      match: ({ id }: Nullable<{ id: string }>) => ({ action: "DELETED", id: id ?? undefined }),
      resolve: ({ before }) => before ?? SKIP,
    }),
    carChanged: subscription({
      topics: () => [carChanges()],
      match: ({ id }: ChangesWanted) => ({ id: id ?? undefined }),
      filter: ({ action }, { actions }) => actions?.includes(action) ?? true,
    }),
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
