import type { Kind } from "../value/kind.ts";
import { list } from "../value/list.ts";
import { custom, kindOf, type Form } from "../value/sql-type.ts";
import { text } from "../value/text.ts";
import type { Column, Table } from "./table.ts";

/** A Drizzle table, recognised by its registered symbols: Drizzle itself is not imported. */
export interface DrizzleTable {
  readonly $inferSelect: Readonly<Record<string, unknown>>;
}

// The table's name, also of an alias.
const name = Symbol.for("drizzle:OriginalName");
const schema = Symbol.for("drizzle:Schema");
const columns = Symbol.for("drizzle:Columns");
const extraConfigBuilder = Symbol.for("drizzle:ExtraConfigBuilder");
const extraConfigColumns = Symbol.for("drizzle:ExtraConfigColumns");

/** Reads a Drizzle table; undefined for any other object. */
export function drizzleTable(table: object): Table | undefined {
  const own = propertyOf(table, columns);
  if (!isObject(own)) return undefined;
  const read = Object.entries(own).map(([property, column]) => columnOf(property, Object(column)));
  const schemaName = propertyOf(table, schema);
  return {
    name: { schema: typeof schemaName === "string" ? schemaName : "public", name: String(propertyOf(table, name)) },
    columns: new Map(read.map((column) => [column.property, column])),
    key: keyOf(table, own, read),
  };
}

function columnOf(property: string, column: object): Column {
  return {
    property,
    name: String(propertyOf(column, "name")),
    type: sqlType(column),
    nullable: propertyOf(column, "notNull") !== true,
    kind: kindOfColumn(column),
  };
}

function kindOfColumn(column: object): Kind | undefined {
  const base = propertyOf(column, "baseColumn");
  if (isObject(base)) {
    const item = kindOfColumn(base);
    return item && list(item);
  }
  const type = propertyOf(column, "dataType");
  const kind = kindOf(sqlType(column), isForm(type) ? type : undefined);
  if (type === "custom") return kind && custom(kind, (value) => fromDriver(column, value));
  // An enum's type has a name of the application's, so it is recognised by its values.
  return kind ?? (Array.isArray(propertyOf(column, "enumValues")) ? text : undefined);
}

/** The properties of the primary key: the columns marked `primaryKey()`, or those of `primaryKey({ columns })`. */
function keyOf(table: object, own: object, read: readonly Column[]): readonly string[] {
  const alone = read.filter(({ property }) => propertyOf(Object(propertyOf(own, property)), "primary") === true);
  if (alone.length > 0) return alone.map(({ property }) => property);
  const build = propertyOf(table, extraConfigBuilder);
  if (typeof build !== "function") return [];
  const extra: unknown = build(propertyOf(table, extraConfigColumns));
  const [key] = Object.values(Object(extra)).flatMap((config) => (isPrimaryKey(config) ? [config.columns] : []));
  const names = (key ?? []).map((column) => propertyOf(Object(column), "name"));
  return names.flatMap((named) => read.filter((column) => column.name === named)).map(({ property }) => property);
}

function isPrimaryKey(config: unknown): config is { readonly columns: readonly unknown[] } {
  if (!isObject(config) || !Array.isArray(propertyOf(config, "columns"))) return false;
  return propertyOf(config.constructor, Symbol.for("drizzle:entityKind")) === "PgPrimaryKeyBuilder";
}

function sqlType(column: object): string {
  const getSQLType = propertyOf(column, "getSQLType");
  return typeof getSQLType === "function" ? String(getSQLType.call(column)) : "unknown";
}

function fromDriver(column: object, value: unknown): unknown {
  const map = propertyOf(column, "mapFromDriverValue");
  return typeof map === "function" ? map.call(column, value) : value;
}

function isForm(type: unknown): type is Form {
  return type === "number" || type === "bigint" || type === "string" || type === "date";
}

function propertyOf(object: object, key: string | symbol): unknown {
  return Reflect.get(object, key);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
