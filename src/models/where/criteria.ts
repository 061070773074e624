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

/** The arguments of a model's fields, whose shapes GraphQL has checked. */
export interface ModelArgs {
  readonly id?: unknown;
  readonly actions?: unknown;
  readonly where?: unknown;
  readonly initial?: unknown;
}

const everything: Condition = { kind: "all", of: [] };

/** What somebody asked for by arguments, read once for everybody who asks the same. */
export class Criteria {
  readonly initial: boolean;
  /** The text of a key, as rows have it. */
  readonly id: string | undefined;
  /** The names of the fields that `where` asks about. */
  readonly asksAbout: readonly string[];
  readonly #actions: ReadonlySet<unknown> | undefined;
  readonly #condition: Condition;
  readonly #equal: CapturedRow;

  /** @throws GraphQLError BAD_USER_INPUT for an id or a value that no row can have. */
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

  /** What a snapshot's rows must be equal to. */
  get equal(): CapturedRow {
    return this.#equal;
  }

  wants(action: ChangeAction): boolean {
    return this.#actions?.has(action) ?? true;
  }

  concerns(row: Row): boolean {
    return holds(this.#condition, row);
  }

  /** Whether a change has the key that was asked for. */
  isAbout({ id }: Pick<RowChange, "id">): boolean {
    return this.id === undefined || this.id === id;
  }

  /** Equalities for the server's index, for a field that hears one kind of changes or all. */
  match(action: ChangeAction | undefined): readonly Match[] {
    const own = {
      ...(this.id !== undefined && { [keyFacet]: this.id }),
      ...(action !== undefined && { [actionFacet]: action }),
    };
    const alternatives = alternativesOf(this.#condition) ?? [{}];
    return alternatives.map((alternative) => ({ ...alternative, ...own }));
  }
}

/** What the arguments of one subscription field say, read once for everybody who gives the same. */
export class CriteriaReader {
  readonly #key: RowKey;
  readonly #fields: ReadonlyMap<string, ComparableField>;
  readonly #idArgument: string;
  readonly #known = new WeakMap<Arguments, Criteria>();

  /** @param idArgument what the argument for the row's id is called. */
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

  /** Throws what reading the arguments throws. */
  of(args: Arguments): Criteria {
    const known = this.#known.get(args);
    if (known) return known;
    const criteria = new Criteria({ ...args, id: args[this.#idArgument] }, this.#key, this.#fields);
    this.#known.set(args, criteria);
    return criteria;
  }
}
