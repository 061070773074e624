import type { GraphQLScalarType } from "graphql";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../contract/log.ts";
import type { TableReader } from "../contract/source.ts";
import type { ErasedHooks, ModelHooks } from "./change/change.ts";
import type { OwnScalarName } from "./value/kind.ts";
import type { ErasedPolicy, PayloadPolicy } from "./change/payload-policy.ts";
import type { ModelQueue } from "./subscription-fields.ts";
import type { Row as AnyRow } from "./table/table.ts";

/** How a table becomes a model. Only `name` and `fields` are needed. */
export interface ModelOptions<Row, Context, Field extends string> {
  /** Of the GraphQL type. */
  readonly name: string;
  /**
   * The columns that clients may see, by their properties, in the order of the type's fields. `id` is the primary key as
   * one text where no column has that name.
   */
  readonly fields: readonly Field[];
  /** The properties of the primary key, for a table that does not say. */
  readonly key?: readonly (keyof Row & string)[];
  /** What the names of the subscription fields begin with. Default: `name` with a small first letter. */
  readonly prefix?: string;
  /**
   * Whether a viewer may see a row. Asked for each of them, so results are not shared; must be quick, and not async. A
   * viewer for whom a row stops being visible is told its removal. Throwing hides the row.
   */
  readonly visible?: (row: Row, context: Context) => boolean;
  /**
   * Whether a viewer may see a field. Who may not has null there, hears nothing of updates to it alone, and cannot ask
   * about it in `where`. Results are not shared then. Throwing hides the field.
   */
  readonly permissions?: { readonly [Name in Field]?: (context: Context) => boolean };
  /** Default `selection`. */
  readonly payload?: PayloadPolicy<Row>;
  /** Called by the relay. */
  readonly hooks?: ModelHooks<Row>;
  /** Reads the rows for `initial: true`. Without it such a subscription is refused. */
  readonly source?: TableReader;
  /** Rows that `initial: true` may have to read, at most; one more is an error. Default 1,000. */
  readonly initialLimit?: number;
  /** What may wait for a slow client; the defaults of `subscription()`. */
  readonly queue?: ModelQueue;
  /** GraphQL types in place of Fanfare's own. */
  readonly scalars?: Readonly<Partial<Record<OwnScalarName, GraphQLScalarType>>>;
  readonly clock?: Clock;
  /** Where warnings and errors go. Default: the standard error stream. */
  readonly log?: Log;
}

/** The same with its types erased. Written as methods, so that options with narrower types are such options. */
export interface ErasedOptions {
  readonly name: string;
  readonly fields: readonly string[];
  readonly key?: readonly string[];
  readonly prefix?: string;
  visible?(this: void, row: AnyRow, context: unknown): boolean;
  readonly permissions?: Readonly<Record<string, ErasedPermission | undefined>>;
  readonly payload?: ErasedPolicy;
  readonly hooks?: ErasedHooks;
  readonly source?: TableReader;
  readonly initialLimit?: number;
  readonly queue?: ModelQueue;
  readonly scalars?: Readonly<Partial<Record<OwnScalarName, GraphQLScalarType>>>;
  readonly clock?: Clock;
}

interface PermissionShape {
  permitted(context: unknown): boolean;
}

export type ErasedPermission = PermissionShape["permitted"];
