import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLFieldConfigMap,
  type GraphQLOutputType,
} from "graphql";
import { resolverOf, type ResolverKind } from "./arbitrary-resolver.ts";
import type { Draw } from "./draw.ts";

export interface SchemaOptions {
  /** How fields are resolved; about half of them have the first kind. */
  readonly resolvers: readonly ResolverKind[];
  /** Whether interfaces, unions and `isTypeOf` may occur. */
  readonly abstract: boolean;
}

/** A generated type of a field: lists and non-nulls around a name, the innermost first. */
export interface TypePlan {
  readonly name: string;
  readonly wrappers: readonly ("list" | "nonNull")[];
}

export interface FieldPlan {
  readonly name: string;
  readonly type: TypePlan;
  readonly kind: ResolverKind;
  /** Whether it takes the arguments `n: Int`, `s: String = "s"` and `o: In`. */
  readonly args: boolean;
  /** The one alias that may be used for it: two fields never share one, so that selections always merge. */
  readonly alias: string;
}

/** A generated schema, with the plan it was made from. Its subscription is `event`, whose value is `rootValue.event`. */
export interface SchemaPlan {
  readonly schema: GraphQLSchema;
  readonly root: FieldPlan;
  /** The fields that can be selected on each object, interface and union. */
  readonly fields: ReadonlyMap<string, readonly FieldPlan[]>;
  /** The object types that can stand for each object, interface and union. */
  readonly possible: ReadonlyMap<string, readonly string[]>;
}

export const colors: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["RED", 0],
  ["GREEN", "g"],
  ["BLUE", "BLUE"],
]);

const Color = new GraphQLEnumType({
  name: "Color",
  values: Object.fromEntries([...colors].map(([name, value]) => [name, { value }])),
});
/** Gives whatever it is given but functions: one under the alias `then` would make graphql-js wait for ever. */
const Blob = new GraphQLScalarType({
  name: "Blob",
  serialize: (value) => (typeof value === "function" ? "a function" : value),
});
/** Dates only. */
const Stamp = new GraphQLScalarType({
  name: "Stamp",
  serialize: (value) => {
    if (!(value instanceof Date)) throw new TypeError("Not a date");
    return value.getTime() % 2 === 0 ? value.toISOString() : value;
  },
});
const In = new GraphQLInputObjectType({
  name: "In",
  fields: { a: { type: GraphQLInt, defaultValue: 7 }, b: { type: new GraphQLList(GraphQLString) } },
});

const leaves = new Map<string, GraphQLOutputType>(
  [GraphQLInt, GraphQLFloat, GraphQLString, GraphQLBoolean, GraphQLID, Color, Blob, Stamp].map((type) => [
    type.name,
    type,
  ]),
);
export const leafNames: readonly string[] = [...leaves.keys()];
const textNames = ["String", "ID", "Blob"];

const oddAliases = ["__proto__", "constructor", "toString", "then", "toJSON", "data", "length"];
const wrappers: readonly TypePlan["wrappers"][] = [
  [],
  [],
  ["nonNull"],
  ["nonNull"],
  ["list"],
  ["nonNull", "list"],
  ["nonNull", "list", "nonNull"],
  ["list", "nonNull"],
  ["list", "list"],
];

export function drawSchema(draw: Draw, options: SchemaOptions): SchemaPlan {
  const names = draw.times(draw.count(1, 4), (index) => `T${index}`);
  const composites = options.abstract && draw.chance(60) ? [...names, "Node", "Any"] : names;
  let fieldCount = 0;
  const drawField = (composite: boolean): FieldPlan => {
    const index = fieldCount++;
    return {
      name: `f${index}`,
      type: { name: draw.pick(composite ? composites : leafNames), wrappers: draw.pick(wrappers) },
      kind: draw.chance(50) ? (options.resolvers[0] ?? "default") : draw.pick(options.resolvers),
      args: draw.chance(30),
      alias: oddAliases[index] ?? `a${index}`,
    };
  };
  const shared = [{ ...drawField(false), kind: options.resolvers[0] ?? "default" }];
  const nodes = composites === names ? [] : names.filter((name) => name === "T0" || draw.chance(50));
  const objects = names.map((name) => {
    const leafFields = draw.times(draw.count(1, 4), () => drawField(false));
    const compositeFields = draw.times(draw.count(0, 2), () => drawField(true));
    return [name, [...(nodes.includes(name) ? shared : []), ...leafFields, ...compositeFields]] as const;
  });
  const possible = new Map<string, readonly string[]>(names.map((name) => [name, [name]]));
  const fields = new Map<string, readonly FieldPlan[]>(objects);
  if (composites !== names) {
    fields.set("Node", shared).set("Any", []);
    possible.set("Node", nodes).set("Any", names);
  }
  const root: FieldPlan = { ...drawField(draw.chance(90)), name: "event" };
  return { schema: buildSchema(draw, root, fields, possible), root, fields, possible };
}

function buildSchema(
  draw: Draw,
  root: FieldPlan,
  fields: SchemaPlan["fields"],
  possible: SchemaPlan["possible"],
): GraphQLSchema {
  const types = new Map<string, GraphQLOutputType>(leaves);
  const fieldsOf = (name: string): GraphQLFieldConfigMap<unknown, unknown> =>
    Object.fromEntries(fields.get(name)?.map((field) => [field.name, fieldConfig(field, types)]) ?? []);
  // Values name their type by `__typename`; `resolveType` and `isTypeOf` say the same again, but not to nobody.
  const resolveType =
    draw.chance(30) &&
    ((value: unknown, context: unknown) => (isSomebody(context) ? String(typeName(value)) : "Nobody"));
  const isAbstract = possible.has("Node");
  const Node = new GraphQLInterfaceType({
    name: "Node",
    fields: () => fieldsOf("Node"),
    ...(resolveType && { resolveType }),
  });
  const objects = [...possible.keys()]
    .filter((name) => name.startsWith("T"))
    .map((name) => {
      const isTypeOf =
        isAbstract &&
        draw.chance(20) &&
        ((value: unknown, context: unknown) => typeName(value) === name && isSomebody(context));
      return new GraphQLObjectType({
        name,
        fields: () => fieldsOf(name),
        interfaces: possible.get("Node")?.includes(name) ? [Node] : [],
        ...(isTypeOf && { isTypeOf }),
      });
    });
  for (const type of objects) types.set(type.name, type);
  const Any = new GraphQLUnionType({
    name: "Any",
    types: objects,
    ...(resolveType && { resolveType }),
  });
  types.set("Node", Node).set("Any", Any);
  const event = {
    ...fieldConfig(root, types),
    resolve: (value: unknown) => Reflect.get(Object(value), "event"),
  };
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { event } }),
    types: isAbstract ? [...objects, Node, Any] : objects,
  });
}

function fieldConfig({ name, type, kind, args }: FieldPlan, types: ReadonlyMap<string, GraphQLOutputType>) {
  const config: GraphQLFieldConfigArgumentMap = {
    n: { type: GraphQLInt },
    s: { type: GraphQLString, defaultValue: "s" },
    o: { type: In },
  };
  return {
    type: outputType(type, types),
    args: args ? config : {},
    ...resolverOf(kind, name, textNames.includes(type.name)),
  };
}

function outputType(plan: TypePlan, types: ReadonlyMap<string, GraphQLOutputType>): GraphQLOutputType {
  const named = types.get(plan.name);
  if (!named) throw new TypeError(`Unknown type ${plan.name}`);
  let type = named;
  for (const wrapper of plan.wrappers) {
    type = wrapper === "list" || type instanceof GraphQLNonNull ? new GraphQLList(type) : new GraphQLNonNull(type);
  }
  return type;
}

function typeName(value: unknown): unknown {
  return Reflect.get(Object(value), "__typename");
}

function isSomebody(context: unknown): boolean {
  return Reflect.has(Object(context), "viewer");
}
