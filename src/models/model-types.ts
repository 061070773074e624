import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  type GraphQLInputObjectType,
  type GraphQLOutputType,
  type GraphQLScalarType,
} from "graphql";
import { shareable } from "../declare/shareable.ts";
import type { ChangeAction } from "./change/change.ts";
import type { Field } from "./field.ts";
import type { Kind } from "./value/kind.ts";
import type { Scalars } from "./value/scalars.ts";
import type { Row } from "./table/table.ts";
import { rowWhereType } from "./where/where-type.ts";

const actions = ["SNAPSHOT", "CREATED", "UPDATED", "DELETED"] as const satisfies readonly ChangeAction[];

/** The enum of actions, which all models share. */
export const actionType: GraphQLEnumType = new GraphQLEnumType({
  name: "ChangeAction",
  description: "What happened to a row. SNAPSHOT: the row was there when the subscription began.",
  values: Object.fromEntries(actions.map((action) => [action, { value: action }])),
});

export interface ModelTypes {
  readonly type: GraphQLObjectType;
  readonly changeType: GraphQLObjectType;
  readonly fieldEnum: GraphQLEnumType;
  readonly where: GraphQLInputObjectType;
}

/** @param keysOnly true for the payload `key`: changes have no rows. */
export function modelTypes(name: string, fields: readonly Field[], scalars: Scalars, keysOnly: boolean): ModelTypes {
  const type = new GraphQLObjectType<unknown, unknown>({
    name,
    fields: Object.fromEntries(fields.map((field) => [field.name, fieldConfig(field, scalars)])),
  });
  const comparable = fields.filter(({ kind }) => kind.comparison !== undefined);
  return {
    type,
    changeType: changeType(type, scalars, keysOnly),
    fieldEnum: new GraphQLEnumType({
      name: `${name}Field`,
      values: Object.fromEntries(fields.map((field) => [field.enumName, { value: field.name }])),
    }),
    where: rowWhereType(
      name,
      comparable.map((field) => ({ name: field.name, scalar: scalars[scalarOf(field)] })),
    ),
  };
}

function scalarOf({ isKey, kind }: Field): keyof Scalars {
  return isKey ? "ID" : kind.scalar;
}

function fieldConfig(field: Field, scalars: Scalars): GraphQLFieldConfig<unknown, unknown> {
  const type = field.isKey ? GraphQLID : valueType(field.kind, scalars);
  const resolve = resolverOf(field);
  return { type: field.nullable ? type : new GraphQLNonNull(type), ...(resolve && { resolve }) };
}

function valueType(kind: Kind, scalars: Scalars): GraphQLScalarType | GraphQLList<GraphQLOutputType> {
  return kind.item ? new GraphQLList(valueType(kind.item, scalars)) : scalars[kind.scalar];
}

/** The resolver of a field; undefined where graphql-js's default resolver gives the value. */
function resolverOf(field: Field): GraphQLFieldResolver<unknown, unknown> | undefined {
  const { kind, name, permitted } = field;
  if (permitted) return (source, _args, context) => (permitted(context) ? rowOf(source)[name] : null);
  if (!field.isKey || (field.column !== undefined && kind.scalar !== "BigInt" && kind.scalar !== "Date"))
    return undefined;
  return shareable((source: unknown) => {
    const value = field.valueIn(rowOf(source));
    return value == null ? null : kind.plain(value);
  });
}

function rowOf(source: unknown): Row {
  return Object(source);
}

function changeType(row: GraphQLObjectType, scalars: Scalars, keysOnly: boolean): GraphQLObjectType {
  const event = {
    action: { type: new GraphQLNonNull(actionType) },
    id: { type: new GraphQLNonNull(GraphQLID) },
  };
  const at = { type: new GraphQLNonNull(scalars.DateTime) };
  const rows = {
    before: { type: row },
    after: { type: row },
    changed: {
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLString))),
      description: "The names of the fields whose values an update changed.",
    },
    moved: {
      type: new GraphQLNonNull(GraphQLBoolean),
      description: "Whether the row only began or ceased to be visible or to match, or its primary key changed.",
    },
  };
  return new GraphQLObjectType({
    name: `${row.name}Change`,
    fields: keysOnly ? { ...event, at } : { ...event, ...rows, at },
  });
}
