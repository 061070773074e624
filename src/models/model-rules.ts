import { isScalarType } from "graphql";
import {
  aBoolean,
  aFunction,
  aNumber,
  anything,
  aText,
  listOf,
  mapOf,
  must,
  optionsOf,
  type RulesOf,
} from "../base/rule.ts";
import { aClock, aLog, aTableReader } from "../contract/part-rules.ts";
import { aQueue } from "../declare/queue.ts";
import type { ModelHooks } from "./change/change.ts";
import type { ModelOptions } from "./model-options.ts";
import type { IdArgument } from "./subscription-fields.ts";

const hooks: RulesOf<ModelHooks<unknown>> = {
  shouldPublish: aFunction(),
  topics: aFunction(),
  payload: aFunction(),
};

/** The options of a model, apart from those whose rules depend on its table. */
export const modelRules: RulesOf<ModelOptions<unknown, unknown, string>> = {
  name: aText(),
  // With the table's columns: in `modelFields` and `keyOf`.
  fields: anything,
  key: listOf("properties", aText(), (value) => (typeof value === "string" ? `Write key: ["${value}"]` : undefined)),
  prefix: aText(),
  visible: aFunction(),
  permissions: mapOf("functions by the names of fields", aFunction()),
  // With its alternatives: in `createModel`.
  payload: anything,
  hooks: optionsOf(hooks),
  source: aTableReader,
  initialLimit: aNumber(1),
  queue: aQueue,
  scalars: mapOf("GraphQL scalars by their names", must("a GraphQLScalarType", isScalarType)),
  clock: aClock,
  log: aLog,
};

/** The argument of `updated` and `deleted`. */
export const idRules: RulesOf<IdArgument> = { argument: aText(), required: aBoolean };
