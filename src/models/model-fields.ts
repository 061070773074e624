import { assertName } from "graphql";
import { FanfareError } from "../base/error.ts";
import type { Log } from "../contract/log.ts";
import { consents } from "../declare/consent.ts";
import type { Field } from "./field.ts";
import type { Kind } from "./value/kind.ts";
import { text, textComparison } from "./value/text.ts";
import type { ErasedOptions, ErasedPermission } from "./model-options.ts";
import type { RowKey } from "./table/row-key.ts";
import { knownTypes } from "./value/sql-type.ts";
import type { Column, Table } from "./table/table.ts";

// The combinators of `where`, which no field may be named like.
const reserved: ReadonlySet<string> = new Set(["and", "or", "not"]);

/** @throws FanfareError BAD_DECLARATION for an impossible field, such as an unknown column or an unsupported type. */
export function modelFields(table: Table, key: RowKey, options: ErasedOptions, log: Log): readonly Field[] {
  const { name, fields: names, permissions = {} } = options;
  if (!isListOfTexts(names) || names.length === 0) throw bad(name, `needs \`fields\`: ${allowed(table)}`);
  for (const restricted of Object.keys(permissions)) {
    if (!names.includes(restricted)) throw bad(name, `restricts ${restricted}, which is none of its fields`);
  }
  const fields = names.map((field) => fieldOf(table, key, field, permissionOf(options, field, log), name));
  const known = new Map<string, string>();
  for (const { enumName, name: field } of fields) {
    const same = known.get(enumName);
    if (same !== undefined) throw bad(name, `has ${same === field ? field : `${same} and ${field}`} twice`);
    known.set(enumName, field);
  }
  return fields;
}

function fieldOf(table: Table, key: RowKey, name: string, permitted: Field["permitted"], model: string): Field {
  const column = table.columns.get(name);
  if (!column && name !== "id") throw bad(model, `has no column ${name}; there are ${allowed(table)}`);
  if (reserved.has(name)) throw bad(model, `cannot have a field ${name}: it combines conditions in \`where\``);
  assertFieldName(model, name);
  const isKey = column ? !key.isComposite && key.columns.includes(column) : true;
  if (isKey && permitted) throw bad(model, `restricts ${name}, which is its key: everybody is told it`);
  const own = column ? ofColumn(model, column) : ofKey(key);
  const nullable = permitted !== undefined || (column?.nullable ?? false);
  return { name, enumName: upperCase(name), isKey, nullable, permitted, ...own };
}

function ofColumn(model: string, column: Column): Pick<Field, "column" | "kind" | "valueIn"> {
  const { kind, name, property, type } = column;
  if (!kind) throw bad(model, `cannot have a field ${property} of the type ${type}; there are ${knownTypes}`);
  return { column: name, kind, valueIn: (row) => row[property] ?? null };
}

/** The kind of an `id` that is composed of the primary key. Clients may compare it by equality. */
function ofKey(key: RowKey): Pick<Field, "column" | "kind" | "valueIn"> {
  const accept = (input: unknown): string | undefined => {
    const values = key.valuesOf(String(input));
    return values && key.textOf(values);
  };
  const kind: Kind = { ...text, one: "a key", comparison: { ...textComparison, accept } };
  return { column: undefined, kind, valueIn: (row) => key.textOf(row) };
}

function permissionOf({ name, permissions }: ErasedOptions, field: string, log: Log): Field["permitted"] {
  const permission: ErasedPermission | undefined = permissions?.[field];
  if (!permission) return undefined;
  return (context) => {
    try {
      return consents(permission(context), log, "A permission", "its field was hidden", { field: `${name}.${field}` });
    } catch (error) {
      log.error("A permission failed; its field was hidden", { field: `${name}.${field}`, error });
      return false;
    }
  };
}

function assertFieldName(model: string, name: string): void {
  try {
    assertName(name);
  } catch {
    throw bad(model, `cannot have a field ${name}: GraphQL has no such names`);
  }
}

function isListOfTexts(names: unknown): boolean {
  return Array.isArray(names) && names.every((name) => typeof name === "string");
}

function upperCase(name: string): string {
  return name.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, "_").toUpperCase();
}

function allowed({ columns }: Table): string {
  return [...columns.keys()].join(", ");
}

function bad(model: string, message: string): FanfareError {
  return new FanfareError("BAD_DECLARATION", `The model ${model} ${message}`);
}
