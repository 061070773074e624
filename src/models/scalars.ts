import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, type GraphQLScalarType } from "graphql";
import type { OwnScalarName, ScalarName } from "./kind.ts";
import { bigInt } from "./scalars/big-int.ts";
import { base64Bytes } from "./scalars/bytes.ts";
import { dateTime } from "./scalars/date-time.ts";
import { day } from "./scalars/date.ts";
import { decimalText } from "./scalars/decimal.ts";
import { jsonValue } from "./scalars/json.ts";

/** Which GraphQL type stands for which values. */
export type Scalars = Readonly<Record<ScalarName, GraphQLScalarType>>;

const defaults: Scalars = {
  ID: GraphQLID,
  Int: GraphQLInt,
  Float: GraphQLFloat,
  String: GraphQLString,
  Boolean: GraphQLBoolean,
  DateTime: dateTime,
  Date: day,
  BigInt: bigInt,
  Decimal: decimalText,
  JSON: jsonValue,
  Bytes: base64Bytes,
};

/** The scalars of a model, with those of the user's in place of Fanfare's own. */
export function scalarsWith(given: Readonly<Partial<Record<OwnScalarName, GraphQLScalarType>>> = {}): Scalars {
  return { ...defaults, ...given };
}
