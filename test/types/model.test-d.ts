import { bigint, date, integer, jsonb, numeric, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { GraphQLFieldConfig } from "graphql";
import { expectTypeOf } from "vitest";
import { declare } from "fanfare";
import { groupHooks } from "fanfare/compat";
import { model, type IdArgument, type Model, type ModelChange, type RelayedModel, type RowOf } from "fanfare/models";

interface Context {
  readonly user: string;
}

const cars = pgTable("cars", {
  id: integer().primaryKey(),
  make: text().notNull(),
  variant: text(),
  mileage: bigint({ mode: "bigint" }).notNull(),
  price: numeric().notNull(),
  builtOn: date("built_on"),
  extras: jsonb().$type<readonly string[]>(),
  updatedAt: timestamp("updated_at").notNull(),
});

interface Car {
  readonly id: number;
  readonly make: string;
  readonly variant: string | null;
  readonly mileage: bigint;
  readonly price: string;
  readonly builtOn: string | null;
  readonly extras: readonly string[] | null;
  readonly updatedAt: Date;
}

const tools = declare<Context>();

// From a table of Drizzle follow the rows, from `declare` the context, from `fields` what can be restricted.
const Car = tools.model(cars, {
  name: "Car",
  fields: ["id", "make", "price"],
  key: ["id"],
  visible: (row, context) => {
    expectTypeOf(row).toEqualTypeOf<Car>();
    expectTypeOf(context).toEqualTypeOf<Context>();
    return row.variant === null;
  },
  permissions: { price: (context) => context.user === "ada" },
  payload: {
    serialize: (change) => {
      expectTypeOf(change).toEqualTypeOf<ModelChange<Car>>();
      return { after: change.after?.updatedAt };
    },
    onError: "fallback",
  },
  hooks: {
    shouldPublish: ({ before, after }) => {
      expectTypeOf(after).toEqualTypeOf<Car | null>();
      return before?.mileage !== after?.mileage;
    },
    topics: ({ after }) => [`extras of ${after?.extras?.join()}`],
    payload: (change, topic) => {
      expectTypeOf(topic).toEqualTypeOf<string>();
      return change.plain();
    },
  },
});
expectTypeOf(Car).toEqualTypeOf<Model<Car, Context>>();
expectTypeOf(Car).toExtend<RelayedModel>();
expectTypeOf(Car.subscriptions).toExtend<Readonly<Record<string, GraphQLFieldConfig<unknown, Context>>>>();
expectTypeOf<ReturnType<typeof Car.read>>().toEqualTypeOf<ModelChange<Car> | undefined>();
expectTypeOf<RowOf<typeof cars>>().toEqualTypeOf<Car>();

// Hooks that do not look at rows are for any table.
tools.model(cars, { name: "Car", fields: ["id"], hooks: groupHooks("Car") });

// `id` is the key where no column has that name.
const notes = { name: "notes", key: "number", columns: { number: "bigint", text: "text" } } as const;
model(notes, { name: "Note", fields: ["id", "text"] });

// A description is read word for word, without `as const`.
const Part = model(
  {
    name: "parts",
    key: ["shop", "number"],
    columns: {
      shop: "uuid",
      number: "integer",
      price: { type: "numeric", nullable: true },
      tags: "text[]",
      grid: { type: "double precision[][]" },
      photo: { type: "bytea", nullable: false },
      more: "jsonb",
      madeAt: { name: "made_at", type: "timestamptz", nullable: true },
    },
  },
  {
    name: "Part",
    fields: ["shop", "number", "madeAt"],
    visible: (row) => {
      expectTypeOf(row).toEqualTypeOf<{
        readonly shop: string;
        readonly number: number;
        readonly price: string | null;
        readonly tags: readonly (string | null)[];
        readonly grid: readonly (readonly (number | null)[] | null)[];
        readonly photo: Uint8Array;
        readonly more: unknown;
        readonly madeAt: Date | null;
      }>();
      return true;
    },
  },
);
expectTypeOf<Parameters<typeof Part.updated>[0]>().toEqualTypeOf<IdArgument | undefined>();

// @ts-expect-error there is no such column
model(cars, { name: "Car", fields: ["id", "colour"] });
// @ts-expect-error only a field of the model can be restricted
model(cars, { name: "Car", fields: ["id"], permissions: { make: () => true } });
// @ts-expect-error a key is made of columns
model(cars, { name: "Car", fields: ["id"], key: ["number"] });
// @ts-expect-error a promise would show everything
model(cars, { name: "Car", fields: ["id"], visible: async () => true });
// @ts-expect-error there is no such type
model({ name: "parts", key: "id", columns: { id: "integral" } }, { name: "Part", fields: ["id"] });
// @ts-expect-error a policy has to be stated
model(cars, { name: "Car", fields: ["id"], payload: { serialize: () => ({}) } });
// @ts-expect-error what is no table
model({ id: 1 }, { name: "Car", fields: ["id"] });
