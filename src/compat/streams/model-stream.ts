import type { GraphQLEnumType, GraphQLObjectType } from "graphql";
import { FanfareError } from "../../base/error.ts";
import { checkArgument, checkOptions } from "../../base/option-check.ts";
import { anything, aText, must, oneOf, propertyOf, type Rule, type RulesOf } from "../../base/rule.ts";
import type { TableName } from "../../contract/captured.ts";
import { isObject, type JsonObject } from "../../base/json.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import { isRowAction, wordOf, type RowAction } from "./stream-action.ts";

/** A model, as far as notifications need it. */
export interface StreamedModel {
  readonly name: string;
  readonly table: TableName;
  readonly type: GraphQLObjectType;
  readonly changeType: GraphQLObjectType;
  readonly fieldType: GraphQLEnumType;
  readonly subscriptions: Readonly<Record<string, unknown>>;
  readonly fields: readonly {
    readonly name: string;
    /** The column's name in the database; undefined for an `id` that is composed of the primary key. */
    readonly column: string | undefined;
    readonly enumName: string;
    /** Whether the field identifies a row; its GraphQL type is `ID` then. */
    readonly isKey: boolean;
    readonly kind: { readonly scalar: string };
  }[];
}

export interface StreamOptions {
  /** The stream's name in notifications. */
  readonly stream: string;
  /**
   * The model's name in notifications. Default: the table's schema and the model's name in lower case, `public.car`.
   */
  readonly label?: string;
  /** Whether notifications name fields as the database (`columns`) or as the schema (`fields`). Default `columns`. */
  readonly names?: "columns" | "fields";
  /** The subscription field that delivers the model's changes. Default: the model's own, such as `carChanged`. */
  readonly changes?: string;
  readonly description?: string;
}

const rules: RulesOf<StreamOptions> = {
  // Its absence is told with the model's name.
  stream: anything,
  label: aText(),
  names: oneOf("columns", "fields"),
  changes: aText(),
  description: aText(),
};

const aStreamedModel: Rule = must(
  "a model, which model() of fanfare/models returns",
  (value) => propertyOf(value, "changeType") !== undefined && Array.isArray(propertyOf(value, "fields")),
);

/** The criteria of a channel's subscription. */
export interface StreamCriteria {
  /** The id of the only row; null: all rows. */
  readonly id: string | null;
  readonly actions: readonly RowAction[];
  /** The fields in notifications, in the model's order. */
  readonly fields: readonly string[];
}

/** An encoded notification, and its action. */
export interface Notification {
  /** Undefined for a failure, which has no action. */
  readonly action: RowAction | undefined;
  readonly bytes: Uint8Array;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A stream of a model's changes: it makes the GraphQL request for them, and notifications of the results. */
export class ModelStream {
  readonly name: string;
  readonly fieldType: GraphQLEnumType;
  readonly #label: string;
  readonly #changes: string;
  readonly #row: string;
  readonly #fields: StreamedModel["fields"];
  /** The name of each field in notifications, and whether its value is sent as a number. */
  readonly #shown: ReadonlyMap<string, { readonly name: string; readonly isNumber: boolean }>;
  /** By the result's bytes, which the members of a cohort share. */
  readonly #notifications = new WeakMap<Uint8Array, Notification>();

  /** @throws FanfareError BAD_DECLARATION for a model with the payload `key`, or without a field of all changes. */
  constructor(model: StreamedModel, options: StreamOptions) {
    checkArgument("ModelStreams.subscription", "model", model, aStreamedModel, "BAD_DECLARATION");
    checkOptions("ModelStreams.subscription", options, rules, { code: "BAD_DECLARATION" });
    const { fields, name, table } = model;
    const { changes = ownChanges(model), names = "columns", stream } = options;
    if (changes === undefined) throw bad(name, "has no field that tells its changes; name one in `changes`");
    if (!("before" in model.changeType.getFields())) throw bad(name, "tells keys alone, which make no notification");
    if (typeof stream !== "string" || stream === "") throw bad(name, "needs a `stream`, the name of its notifications");
    this.name = stream;
    this.fieldType = model.fieldType;
    this.#label = options.label ?? `${table.schema}.${name.toLowerCase()}`;
    this.#changes = changes;
    this.#row = model.type.name;
    this.#fields = fields;
    this.#shown = new Map(
      fields.map(({ column, isKey, kind, name: field }) => [
        field,
        { name: names === "columns" ? (column ?? field) : field, isNumber: isKey && kind.scalar === "Int" },
      ]),
    );
  }

  /**
   * The fields that `data` names, in the model's order; all fields if `data` is empty.
   *
   * @param data names or values of the enum of fields.
   */
  fieldsOf(data: readonly unknown[]): readonly string[] {
    const wanted = new Set(data);
    return this.#fields
      .filter(({ enumName, name }) => data.length === 0 || wanted.has(name) || wanted.has(enumName))
      .map(({ name }) => name);
  }

  /** The request whose results {@link notification} converts. */
  request({ actions, fields, id }: StreamCriteria): OperationRequest {
    const rows = [actions.includes("DELETED") && "before", actions.some((action) => action !== "DELETED") && "after"];
    const selections = rows.filter((row) => row !== false).map((row) => `${row} { ...Row }`);
    const query =
      `subscription Stream($id: ID, $actions: [ChangeAction!]) ` +
      `{ change: ${this.#changes}(id: $id, actions: $actions) { action ${selections.join(" ")} } } ` +
      `fragment Row on ${this.#row} { ${fields.join(" ")} }`;
    return { query, variables: { id, actions } };
  }

  /** Converts a result into a notification, once for all members of a cohort, which share the result's bytes. */
  notification(result: Uint8Array): Notification {
    const known = this.#notifications.get(result);
    if (known) return known;
    const notification = this.#notificationOf(JSON.parse(decoder.decode(result)));
    this.#notifications.set(result, notification);
    return notification;
  }

  /** Errors as a frame, in the form of an answer. */
  failure(errors: readonly unknown[]): JsonObject {
    const payload = { errors: errors.map(messageOf), data: null, action: null, response_status: 500, request_id: null };
    return { stream: this.name, payload };
  }

  #notificationOf(result: unknown): Notification {
    const { data, errors, extensions } = isObject(result) ? result : {};
    const change = isObject(data) && isObject(data["change"]) ? data["change"] : {};
    const failed = Array.isArray(errors) ? errors : [];
    const action = isRowAction(change["action"]) ? change["action"] : undefined;
    const row = action === "DELETED" ? change["before"] : change["after"];
    const frame =
      action && isObject(row)
        ? { stream: this.name, payload: this.#payload(wordOf(action), row, failed) }
        : this.failure(failed);
    // The extensions, which may tell a gap, come before the change.
    const told = isObject(extensions) ? { extensions, ...frame } : frame;
    return { action, bytes: encoder.encode(JSON.stringify(told)) };
  }

  #payload(action: string, row: JsonObject, errors: readonly unknown[]): JsonObject {
    const values = Object.entries(row).map(([field, value]) => this.#value(field, value));
    const payload = { action, model: this.#label, data: Object.fromEntries(values) };
    return errors.length > 0 ? { ...payload, errors: errors.map(messageOf) } : payload;
  }

  #value(field: string, value: unknown): readonly [string, unknown] {
    const { isNumber = false, name = field } = this.#shown.get(field) ?? {};
    return [name, isNumber && typeof value === "string" ? Number(value) : value];
  }
}

function ownChanges({ subscriptions }: StreamedModel): string | undefined {
  return Object.keys(subscriptions).find((name) => name.endsWith("Changed"));
}

function messageOf(error: unknown): string {
  return isObject(error) && typeof error["message"] === "string" ? error["message"] : "Internal server error";
}

function bad(model: string, message: string): FanfareError {
  return new FanfareError("BAD_DECLARATION", `The model ${model} ${message}`);
}
