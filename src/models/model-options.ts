import type { GraphQLScalarType } from "graphql";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../contract/log.ts";
import type { TableReader } from "../contract/source.ts";
import type { ErasedHooks, ModelHooks } from "./change/change.ts";
import type { OwnScalarName } from "./value/kind.ts";
import type { ErasedPolicy, PayloadPolicy } from "./change/payload-policy.ts";
import type { ModelQueue } from "./subscription-fields.ts";
import type { Row as AnyRow } from "./table/table.ts";

/** Options of a model. Only `name` and `fields` are required. */
export interface ModelOptions<Row, Context, Field extends string> {
  /** The name of the GraphQL type. */
  readonly name: string;
  /**
   * The columns that clients may see, by their properties, in the order of the type's fields. If no column is called
   * `id`, that is the primary key as one text.
   */
  readonly fields: readonly Field[];
  /** The properties of the primary key. Default: as the table declares it. */
  readonly key?: readonly (keyof Row & string)[];
  /** The prefix of the subscription fields' names. Default: `name` with its first letter in lower case. */
  readonly prefix?: string;
  /**
   * Whether a viewer may see a row: row-level visibility. Called per viewer, so results are not shared; it must be fast
   * and synchronous. A row that becomes invisible is delivered as deleted, one that becomes visible as created. The row
   * is hidden unless it returns true, also when it throws. Default: every row is visible.
   */
  readonly visible?: (row: Row, context: Context) => boolean;
  /**
   * Whether a viewer may see a field: column-level visibility. A hidden field is null, an update of hidden fields only
   * is not delivered, and `where` on a hidden field is refused with FORBIDDEN. Results are not shared then. The field
   * is hidden unless it returns true, also when it throws. Default: every field is visible.
   */
  readonly permissions?: { readonly [Name in Field]?: (context: Context) => boolean };
  /** What clients are sent. Default `selection`. */
  readonly payload?: PayloadPolicy<Row>;
  /** Hooks that decide what is published; the relay calls them. */
  readonly hooks?: ModelHooks<Row>;
  /** Reads the rows for `initial: true`. Without it, such a subscription is refused with INITIAL_UNAVAILABLE. */
  readonly source?: TableReader;
  /**
   * The largest number of rows that `initial: true` may read, at least 1; with more rows it fails with TOO_MANY_ROWS.
   * Default 1,000.
   */
  readonly initialLimit?: number;
  /** The bounds of each operation's queue. Default: those of `subscription()`. */
  readonly queue?: ModelQueue;
  /** GraphQL scalars that replace Fanfare's own, by name. */
  readonly scalars?: Readonly<Partial<Record<OwnScalarName, GraphQLScalarType>>>;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** Where warnings and errors go. Default: the standard error stream. */
  readonly log?: Log;
}

/**
 * {@link ModelOptions} with erased types. Its functions are methods, whose parameters are bivariant, so that options
 * with narrower types are assignable.
 */
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
