import {
  assertName,
  getNamedType,
  isInputObjectType,
  isObjectType,
  type GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLInputObjectType,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from "graphql";
import { systemClock } from "../base/clock.ts";
import { quoted } from "../base/quoted.ts";
import { FanfareError } from "../base/error.ts";
import { checkOptions } from "../base/option-check.ts";
import type { Log } from "../contract/log.ts";
import { consents } from "../declare/consent.ts";
import type { Topic } from "../declare/topic.ts";
import { ChangeDecoder } from "./change/change-decoder.ts";
import { tableTopic, type ChangePayload } from "../relay/change-payload.ts";
import type { ModelChange } from "./change/change.ts";
import { InitialRows } from "./initial-rows.ts";
import { modelFields } from "./model-fields.ts";
import type { ErasedOptions, ModelOptions } from "./model-options.ts";
import { idRules } from "./model-rules.ts";
import { keyOf, tableOf, type FieldOf, type ModelTable, type RowOf } from "./table/model-table.ts";
import { actionType, modelTypes } from "./model-types.ts";
import { PublishedChanges } from "./change/published-changes.ts";
import type { RelayedModel } from "../relay/relayed-model.ts";
import type { ScalarName } from "./value/kind.ts";
import { scalarsWith } from "./value/scalars.ts";
import { Visibility } from "./visibility.ts";
import { SubscriptionFields, type IdArgument } from "./subscription-fields.ts";
import type { Row as AnyRow } from "./table/table.ts";
import { resolversOf, typeDefsOf, type Resolvers } from "./type-defs.ts";

/** A field of a model, as far as clients may see it. */
export interface ModelField {
  readonly name: string;
  /** Its value in the enum of the model's fields. */
  readonly enumName: string;
  /** The column's name in the database; undefined for an `id` that is made of the key. */
  readonly column: string | undefined;
  /** Whether it identifies a row, so that GraphQL has it as text. */
  readonly isKey: boolean;
  /** The GraphQL type of its values; for an array, of its elements. */
  readonly kind: { readonly scalar: ScalarName };
}

/** A table that is bound to a GraphQL type and to subscription fields, which deliver its committed changes. */
export interface Model<Row, Context = unknown> extends RelayedModel {
  readonly name: string;
  /** The table's topic, in which its changes are published. */
  readonly topic: Topic<ChangePayload>;
  /** The type of the rows, for queries and mutations as well. */
  readonly type: GraphQLObjectType;
  /** The type of changes, such as `CarChange`. */
  readonly changeType: GraphQLObjectType;
  /** The enum of actions (`CREATED`, `UPDATED` …), which all models share. */
  readonly actionType: GraphQLEnumType;
  /** The fields that clients may see, in the type's order. */
  readonly fields: readonly ModelField[];
  /** The enum of the fields' names, in capitals. */
  readonly fieldType: GraphQLEnumType;
  /** The input type of `where`. */
  readonly whereType: GraphQLInputObjectType;
  /** All these types and those that they refer to. */
  readonly types: readonly GraphQLNamedType[];
  /** The subscription fields by name: `carCreated`, `carUpdated`, `carDeleted` and `carChanged` for the model `Car`. */
  readonly subscriptions: Readonly<Record<string, GraphQLFieldConfig<unknown, Context>>>;
  /** The types and subscription fields in the schema definition language (SDL). */
  readonly typeDefs: string;
  /** The resolvers that belong to `typeDefs`. */
  readonly resolvers: Resolvers;
  /** Another field like `carCreated`, for a name of your own. */
  created(): GraphQLFieldConfig<unknown, Context>;
  /** Another field like `carUpdated`. */
  updated(id?: IdArgument): GraphQLFieldConfig<unknown, Context>;
  /** Another field like `carDeleted`. */
  deleted(id?: IdArgument): GraphQLFieldConfig<unknown, Context>;
  /** Another field like `carChanged`. */
  changed(): GraphQLFieldConfig<unknown, Context>;
  /**
   * Decodes the payload of an event in the model's topic; undefined for a truncation.
   *
   * @throws FanfareError BAD_DECLARATION for a row without its primary key. A property of a row whose text cannot be
   * decoded throws the same when it is read.
   */
  read(payload: ChangePayload): ModelChange<Row> | undefined;
  /**
   * Decodes a payload as the viewer of `context` sees it: a row that becomes visible is CREATED, a row that becomes
   * invisible is DELETED, and `plain` leaves out hidden fields. Undefined for a truncation, and for a change that the
   * viewer may not see.
   */
  readFor(payload: ChangePayload, context: Context): ModelChange<Row> | undefined;
}

/** Creates a model. `log` gets the failures of hooks, permissions and serializers. */
export function createModel<const Source extends ModelTable, Context, const Field extends FieldOf<Source>>(
  source: Source,
  options: ModelOptions<RowOf<Source>, Context, Field>,
  log: Log,
): Model<RowOf<Source>, Context>;
export function createModel(source: unknown, options: ErasedOptions, log: Log): Model<AnyRow> {
  const { clock = systemClock, hooks = {}, initialLimit = 1_000, name, payload = "selection", queue } = options;
  assertOptions(options);
  const table = tableOf(source);
  const key = keyOf(table, options.key);
  const fields = modelFields(table, key, options, log);
  const types = modelTypes(name, fields, scalarsWith(options.scalars), payload === "key");
  const changes = new ChangeDecoder(table, key, fields, log);
  const byName = new Map(fields.map((field) => [field.name, field]));
  const topic = tableTopic(table.name);
  const published = new PublishedChanges(table.name, changes, hooks, log);
  const visibility = new Visibility(byName, visibleOf(options, log));
  const subscriptionFields = new SubscriptionFields({
    name,
    key,
    topic,
    types,
    fields: byName,
    changes,
    initial: new InitialRows({ model: name, table, key, source: options.source, limit: initialLimit, clock }),
    visibility,
    payload,
    queue,
    log,
  });
  const prefix = options.prefix ?? name.charAt(0).toLowerCase() + name.slice(1);
  const subscriptions = {
    [`${prefix}Created`]: subscriptionFields.created(),
    [`${prefix}Updated`]: subscriptionFields.updated(),
    [`${prefix}Deleted`]: subscriptionFields.deleted(),
    [`${prefix}Changed`]: subscriptionFields.changed(),
  };
  const all = withNeeded([types.type, types.changeType, actionType, types.fieldEnum, types.where]);
  return {
    name,
    topic,
    type: types.type,
    changeType: types.changeType,
    actionType,
    fields,
    fieldType: types.fieldEnum,
    whereType: types.where,
    types: all,
    subscriptions,
    typeDefs: typeDefsOf(all, subscriptions),
    resolvers: resolversOf(all, subscriptions),
    created: () => subscriptionFields.created(),
    updated: (id) => subscriptionFields.updated(checkedId("updated", id)),
    deleted: (id) => subscriptionFields.deleted(checkedId("deleted", id)),
    changed: () => subscriptionFields.changed(),
    read: (event) => changes.change(event),
    readFor(event, context) {
      const change = changes.change(event);
      return change && visibility.whole(change, context);
    },
    table: published.table,
    isPublished: (change) => published.isPublished(change),
    extraEvents: (change) => published.extraEvents(change),
  };
}

function checkedId(caller: string, id: IdArgument = {}): IdArgument {
  checkOptions(caller, id, idRules, { code: "BAD_DECLARATION" });
  return id;
}

function assertOptions({ name, prefix, payload }: ErasedOptions): void {
  for (const given of prefix === undefined ? [name] : [name, prefix]) {
    try {
      assertName(given);
    } catch (cause) {
      throw bad(`${JSON.stringify(given)} is no name that GraphQL allows for a model`, cause);
    }
  }
  if (payload === undefined || payload === "selection" || payload === "key") return;
  if (typeof payload !== "object" || payload === null || typeof payload.serialize !== "function") {
    throw bad(`payload of ${name} must be "selection", "key" or { serialize, onError }, not ${quoted(payload)}`);
  }
  if (!["fail", "fallback", "drop"].includes(payload.onError)) {
    throw bad(`payload.onError of ${name} is ${payload.onError}; it must be fail, fallback or drop`);
  }
}

function visibleOf(
  { name, visible }: ErasedOptions,
  log: Log,
): ((row: AnyRow, context: unknown) => boolean) | undefined {
  if (!visible) return undefined;
  return (row, context) => {
    try {
      return consents(visible(row, context), log, "A `visible`", "its row was hidden", { model: name });
    } catch (error) {
      log.error("A `visible` failed; its row was hidden", { model: name, error });
      return false;
    }
  };
}

/** The types and, transitively, the types of their fields. */
function withNeeded(types: readonly GraphQLNamedType[]): readonly GraphQLNamedType[] {
  const all = new Set<GraphQLNamedType>();
  const add = (type: GraphQLNamedType): void => {
    if (all.has(type)) return;
    all.add(type);
    if (isObjectType(type)) for (const field of Object.values(type.getFields())) add(getNamedType(field.type));
    if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) add(getNamedType(field.type));
  };
  for (const type of types) add(type);
  return [...all];
}

function bad(message: string, cause?: unknown): FanfareError {
  return new FanfareError("BAD_DECLARATION", message, { cause });
}
