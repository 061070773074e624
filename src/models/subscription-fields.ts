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

/** What the argument for the id of a row is called, where it is not `id`. */
export interface IdArgument {
  /** Default `id`. */
  readonly argument?: string;
  /** Whether it has to be given. Default false. */
  readonly required?: boolean;
}

/** What may wait for a slow client. With `latest`, changes of the same row replace each other. */
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

/** What one field hears of a table's changes. */
interface Hearing {
  /** The only captured changes it has to look at; undefined: all. */
  readonly action: "CREATED" | "UPDATED" | "DELETED" | undefined;
  /** Whether it tells of a change, as its viewer sees it. */
  wants(view: RowChange, criteria: Criteria): boolean;
  /** Which row is the field's value; undefined: the change itself. */
  readonly row: "before" | "after" | undefined;
  /** Whether it tells of rows that are gone, and the removal of all at once concerns it. */
  readonly tellsRemovals: boolean;
}

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

const created: Hearing = {
  action: "CREATED",
  wants: ({ action, moved }) => action === "CREATED" && !moved,
  row: "after",
  tellsRemovals: false,
};
const updated: Hearing = {
  action: "UPDATED",
  wants: ({ action }) => action === "UPDATED",
  row: "after",
  tellsRemovals: false,
};
const deleted: Hearing = {
  action: "DELETED",
  wants: ({ action, moved }) => action === "DELETED" && !moved,
  row: "before",
  tellsRemovals: true,
};
const changed: Hearing = {
  action: undefined,
  wants: ({ action }, criteria) => criteria.wants(action),
  row: undefined,
  tellsRemovals: true,
};

/** A model's subscription fields. All of them listen to the table's one topic. */
export class SubscriptionFields {
  readonly #options: SubscriptionFieldsOptions;
  /** One for all fields, so that an event is taken apart once. */
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
    return this.#field(changed, "Everything that happens to rows, in its order.", "id", {
      actions: { type: new GraphQLList(new GraphQLNonNull(actionType)) },
      id: { type: GraphQLID },
      where: { type: where },
      initial: {
        type: GraphQLBoolean,
        defaultValue: false,
        description: "Whether the rows that are there already go first.",
      },
    });
  }

  #field(hearing: Hearing, description: string, idName: string, args: GraphQLFieldConfigArgumentMap): FieldConfig {
    const { fields, key } = this.#options;
    const reader = new CriteriaReader(key, fields.values(), idName);
    return {
      type: new GraphQLNonNull(this.#typeOf(hearing)),
      description,
      args,
      ...subscription(this.#declaration(hearing, reader)),
    };
  }

  /** Where only ids are sent, no field has rows. */
  #typeOf({ row }: Hearing): GraphQLObjectType {
    const { payload, types } = this.#options;
    return row === undefined || payload === "key" ? types.changeType : types.type;
  }

  #declaration(
    hearing: Hearing,
    reader: CriteriaReader,
  ): SubscriptionOptions<unknown, Arguments, ModelEvent, unknown, Facet> {
    const { initial, queue, visibility, topic } = this.#options;
    return {
      topics: (args, context) => {
        this.#admit(reader.of(args), context);
        return [topic];
      },
      match: (args) => reader.of(args).match(hearing.action),
      facets: this.#facets,
      ...(visibility.isCommon
        ? { resolve: (event, args) => this.#value(hearing, event, reader.of(args), undefined) }
        : {
            // So that no context is made for a change which no viewer with these arguments hears of.
            filter: (event, args) => this.#mayConcern(event, reader.of(args)),
            resolveFor: (event, args, context) => this.#value(hearing, event, reader.of(args), context),
          }),
      ...(hearing === changed && {
        snapshot: (args) => (reader.of(args).initial ? initial.read(reader.of(args)) : undefined),
      }),
      ...(queue && { queue: { ...queue, key: (event) => this.#idOf(event) } }),
    };
  }

  /** @throws GraphQLError FORBIDDEN, INITIAL_UNAVAILABLE. */
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
      // What cannot be decoded is told by the value.
      return true;
    }
  }

  #value(hearing: Hearing, event: ModelEvent, criteria: Criteria, context: unknown): unknown {
    const { changes, log, name, payload, visibility } = this.#options;
    const change = changes.change(event);
    if (!change) {
      if (!hearing.tellsRemovals || !criteria.wants("DELETED")) return SKIP;
      throw refusal(`All rows of ${name} were removed at once; subscribe again`, "TABLE_TRUNCATED");
    }
    const view = visibility.view(change, criteria, context);
    if (!view || !hearing.wants(view, criteria)) return SKIP;
    const sent = serialized(payload, view, log);
    return sent instanceof Promise ? sent.then((value) => this.#partOf(value, hearing)) : this.#partOf(sent, hearing);
  }

  /** By which values replace each other where the queue keeps the latest. */
  #idOf(event: ModelEvent): string {
    try {
      return this.#options.changes.change(event)?.id ?? "";
    } catch {
      return "";
    }
  }

  #partOf(sent: object | Skip, { row }: Hearing): unknown {
    if (sent === SKIP || row === undefined || this.#options.payload === "key") return sent;
    return Reflect.get(Object(sent), row);
  }
}

function idArgument({ argument = "id", required = false }: IdArgument): [string, GraphQLFieldConfigArgumentMap] {
  return [argument, { [argument]: { type: required ? new GraphQLNonNull(GraphQLID) : GraphQLID } }];
}
