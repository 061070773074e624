import {
  GraphQLBoolean,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigArgumentMap,
  type GraphQLObjectType,
} from "graphql";
import type { Log } from "../contract/log.ts";
import type { Arguments } from "../declare/declaration.ts";
import type { Overflow } from "../declare/queue.ts";
import { SKIP, type Skip } from "../declare/skip.ts";
import { subscription, type SubscriptionOptions } from "../declare/subscription.ts";
import type { Topic } from "../declare/topic.ts";
import type { ChangePayload } from "../relay/change-payload.ts";
import type { ChangeDecoder, ModelEvent } from "./change/change-decoder.ts";
import { facetsOf, type Facet } from "./change/facet.ts";
import { serialized, type ErasedPolicy } from "./change/payload-policy.ts";
import type { RowChange } from "./change/row-change.ts";
import type { Field } from "./field.ts";
import type { InitialRows } from "./initial-rows.ts";
import { actionType, type ModelTypes } from "./model-types.ts";
import type { RowKey } from "./table/row-key.ts";
import type { Visibility } from "./visibility.ts";
import { refusal } from "./where/condition-reader.ts";
import { CriteriaReader, type Criteria } from "./where/criteria.ts";

/** The argument for the id of a row. */
export interface IdArgument {
  /** Its name. Default `id`. */
  readonly argument?: string;
  /** Whether clients must give it. Default false. */
  readonly required?: boolean;
}

/** The bounds of an operation's queue, see `QueueOptions`. With `latest`, the newest change of each row is kept. */
export interface ModelQueue {
  readonly messages?: number;
  readonly bytes?: number;
  readonly overflow?: Overflow;
}

export interface SubscriptionFieldsOptions {
  readonly name: string;
  readonly key: RowKey;
  readonly topic: Topic<ChangePayload>;
  readonly types: ModelTypes;
  readonly fields: ReadonlyMap<string, Field>;
  readonly changes: ChangeDecoder;
  readonly initial: InitialRows;
  readonly visibility: Visibility;
  readonly payload: ErasedPolicy;
  readonly queue: ModelQueue | undefined;
  readonly log: Log;
}

/** How the four subscription fields of a model differ. */
interface FieldBehaviour {
  /** The action by which the index selects captured changes; undefined: all actions. */
  readonly action: "CREATED" | "UPDATED" | "DELETED" | undefined;
  /** Whether the field delivers a change, as its viewer sees it. */
  wants(view: RowChange, criteria: Criteria): boolean;
  /** The row that is the field's value; undefined: the change itself. */
  readonly row: "before" | "after" | undefined;
  /** Whether the field delivers removals of rows, so that a truncation is delivered as an error. */
  readonly deliversRemovals: boolean;
}

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

const created: FieldBehaviour = {
  action: "CREATED",
  wants: ({ action, moved }) => action === "CREATED" && !moved,
  row: "after",
  deliversRemovals: false,
};
const updated: FieldBehaviour = {
  action: "UPDATED",
  wants: ({ action }) => action === "UPDATED",
  row: "after",
  deliversRemovals: false,
};
const deleted: FieldBehaviour = {
  action: "DELETED",
  wants: ({ action, moved }) => action === "DELETED" && !moved,
  row: "before",
  deliversRemovals: true,
};
const changed: FieldBehaviour = {
  action: undefined,
  wants: ({ action }, criteria) => criteria.wants(action),
  row: undefined,
  deliversRemovals: true,
};

/** A model's subscription fields. All of them listen to the table's topic. */
export class SubscriptionFields {
  readonly #options: SubscriptionFieldsOptions;
  /** One function for all fields, so that it is called once per event. */
  readonly #facets: (this: void, event: ModelEvent) => readonly Facet[] | "all";

  constructor(options: SubscriptionFieldsOptions) {
    this.#options = options;
    this.#facets = (event) => facetsOf(options.changes, event);
  }

  created(): FieldConfig {
    return this.#field(created, "Rows that are created.", "id", {});
  }

  updated(id: IdArgument = {}): FieldConfig {
    return this.#field(updated, "The row of this id, or every row, whenever it is updated.", ...idArgument(id));
  }

  deleted(id: IdArgument = {}): FieldConfig {
    return this.#field(deleted, "The row of this id, or every row, as it was when it was deleted.", ...idArgument(id));
  }

  changed(): FieldConfig {
    const { where } = this.#options.types;
    return this.#field(changed, "All changes of rows, in order.", "id", {
      actions: { type: new GraphQLList(new GraphQLNonNull(actionType)) },
      id: { type: GraphQLID },
      where: { type: where },
      initial: {
        type: GraphQLBoolean,
        defaultValue: false,
        description: "Whether the existing rows are delivered first.",
      },
    });
  }

  #field(
    behaviour: FieldBehaviour,
    description: string,
    idName: string,
    args: GraphQLFieldConfigArgumentMap,
  ): FieldConfig {
    const { fields, key } = this.#options;
    const reader = new CriteriaReader(key, fields.values(), idName);
    return {
      type: new GraphQLNonNull(this.#typeOf(behaviour)),
      description,
      args,
      ...subscription(this.#declaration(behaviour, reader)),
    };
  }

  /** With the payload `key`, no field has rows: each has the type of changes. */
  #typeOf({ row }: FieldBehaviour): GraphQLObjectType {
    const { payload, types } = this.#options;
    return row === undefined || payload === "key" ? types.changeType : types.type;
  }

  #declaration(
    behaviour: FieldBehaviour,
    reader: CriteriaReader,
  ): SubscriptionOptions<unknown, Arguments, ModelEvent, unknown, Facet> {
    const { initial, queue, visibility, topic } = this.#options;
    return {
      topics: (args, context) => {
        this.#admit(reader.of(args), context);
        return [topic];
      },
      match: (args) => reader.of(args).match(behaviour.action),
      facets: this.#facets,
      ...(visibility.isCommon
        ? { resolve: (event, args) => this.#value(behaviour, event, reader.of(args), undefined) }
        : {
            // Spares a context for each viewer if the change cannot meet the criteria under any visibility.
            filter: (event, args) => this.#mayConcern(event, reader.of(args)),
            resolveFor: (event, args, context) => this.#value(behaviour, event, reader.of(args), context),
          }),
      ...(behaviour === changed && {
        snapshot: (args) => (reader.of(args).initial ? initial.read(reader.of(args)) : undefined),
      }),
      ...(queue && { queue: { ...queue, key: (event) => this.#idOf(event) } }),
    };
  }

  /**
   * @throws GraphQLError FORBIDDEN for `where` on a hidden field; INITIAL_UNAVAILABLE for `initial` without a source.
   */
  #admit(criteria: Criteria, context: unknown): void {
    const { initial, name, visibility } = this.#options;
    const hidden = visibility.hiddenIn(criteria, context);
    if (hidden !== undefined) throw refusal(`You may not ask about ${name}.${hidden}`, "FORBIDDEN");
    if (criteria.initial) initial.assertAvailable();
  }

  #mayConcern(event: ModelEvent, criteria: Criteria): boolean {
    try {
      const change = this.#options.changes.change(event);
      if (!change) return true;
      return criteria.isAbout(change) && [change.before, change.after].some((row) => row && criteria.concerns(row));
    } catch {
      // An event that cannot be decoded passes: computing its value throws the error.
      return true;
    }
  }

  #value(behaviour: FieldBehaviour, event: ModelEvent, criteria: Criteria, context: unknown): unknown {
    const { changes, log, name, payload, visibility } = this.#options;
    const change = changes.change(event);
    if (!change) {
      if (!behaviour.deliversRemovals || !criteria.wants("DELETED")) return SKIP;
      throw refusal(`All rows of ${name} were removed at once; subscribe again`, "TABLE_TRUNCATED");
    }
    const view = visibility.view(change, criteria, context);
    if (!view || !behaviour.wants(view, criteria)) return SKIP;
    const sent = serialized(name, payload, view, log);
    return sent instanceof Promise
      ? sent.then((value) => this.#partOf(value, behaviour))
      : this.#partOf(sent, behaviour);
  }

  /** The queue's key for `latest`: the row's id. */
  #idOf(event: ModelEvent): string {
    try {
      return this.#options.changes.change(event)?.id ?? "";
    } catch {
      return "";
    }
  }

  #partOf(sent: object | Skip, { row }: FieldBehaviour): unknown {
    if (sent === SKIP || row === undefined || this.#options.payload === "key") return sent;
    return Reflect.get(Object(sent), row);
  }
}

function idArgument({ argument = "id", required = false }: IdArgument): [string, GraphQLFieldConfigArgumentMap] {
  return [argument, { [argument]: { type: required ? new GraphQLNonNull(GraphQLID) : GraphQLID } }];
}
