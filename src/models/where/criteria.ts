import type { CapturedRow } from "../../contract/captured.ts";
import type { Arguments, Match } from "../../declare/declaration.ts";
import type { ChangeAction } from "../change/change.ts";
import { actionFacet, keyFacet } from "../change/facet.ts";
import type { RowChange } from "../change/row-change.ts";
import type { Field } from "../field.ts";
import type { RowKey } from "../table/row-key.ts";
import type { Row } from "../table/table.ts";
import { alternativesOf, equalitiesOf } from "./condition-index.ts";
import { ConditionReader, refusal } from "./condition-reader.ts";
import { fieldsIn, holds, type ComparableField, type Condition } from "./condition.ts";

/** The arguments of a model's subscription fields, which GraphQL has validated. */
export interface ModelArgs {
  readonly id?: unknown;
  readonly actions?: unknown;
  readonly where?: unknown;
  readonly initial?: unknown;
}

const everything: Condition = { kind: "all", of: [] };

/** The criteria of an operation: which changes of which rows it subscribes to. */
export class Criteria {
  readonly initial: boolean;
  /** The id of the only row, in its canonical form; undefined: all rows. */
  readonly id: string | undefined;
  /** The names of the fields that `where` compares. */
  readonly asksAbout: readonly string[];
  readonly #actions: ReadonlySet<unknown> | undefined;
  readonly #condition: Condition;
  readonly #equal: CapturedRow;

  /** @throws GraphQLError BAD_USER_INPUT for an id or a value that a row cannot have. */
  constructor({ id, actions, where, initial }: ModelArgs, key: RowKey, fields: ReadonlyMap<string, ComparableField>) {
    const values = typeof id === "string" ? key.valuesOf(id) : undefined;
    if (id != null && !values) throw refusal(`id is ${JSON.stringify(id)}, which no row's key can be`);
    this.id = values && key.textOf(values);
    this.initial = initial === true;
    this.#actions = Array.isArray(actions) ? new Set(actions) : undefined;
    this.#condition = where == null ? everything : new ConditionReader(fields).read(where);
    this.asksAbout = fieldsIn(this.#condition);
    this.#equal = { ...equalitiesOf(this.#condition), ...(values && key.captured(values)) };
  }

  /** The equalities by which a snapshot selects rows. */
  get equal(): CapturedRow {
    return this.#equal;
  }

  wants(action: ChangeAction): boolean {
    return this.#actions?.has(action) ?? true;
  }

  concerns(row: Row): boolean {
    return holds(this.#condition, row);
  }

  /** Whether a change is of the row with {@link id}. */
  isAbout({ id }: Pick<RowChange, "id">): boolean {
    return this.id === undefined || this.id === id;
  }

  /** The alternatives for the server's index. @param action the field's only action; undefined: all actions. */
  match(action: ChangeAction | undefined): readonly Match[] {
    const own = {
      ...(this.id !== undefined && { [keyFacet]: this.id }),
      ...(action !== undefined && { [actionFacet]: action }),
    };
    const alternatives = alternativesOf(this.#condition) ?? [{}];
    return alternatives.map((alternative) => ({ ...alternative, ...own }));
  }
}

/** Reads the criteria of a subscription field's operations, once for all operations with equal arguments. */
export class CriteriaReader {
  readonly #key: RowKey;
  readonly #fields: ReadonlyMap<string, ComparableField>;
  readonly #idArgument: string;
  readonly #known = new WeakMap<Arguments, Criteria>();

  /** @param idArgument the name of the argument for the row's id. */
  constructor(key: RowKey, fields: Iterable<Field>, idArgument: string) {
    this.#key = key;
    this.#idArgument = idArgument;
    this.#fields = new Map(
      [...fields].flatMap((field) => {
        const { comparison } = field.kind;
        return comparison ? [[field.name, { field, comparison }] as const] : [];
      }),
    );
  }

  /** @throws GraphQLError BAD_USER_INPUT for arguments that a row cannot have. */
  of(args: Arguments): Criteria {
    const known = this.#known.get(args);
    if (known) return known;
    const criteria = new Criteria({ ...args, id: args[this.#idArgument] }, this.#key, this.#fields);
    this.#known.set(args, criteria);
    return criteria;
  }
}
