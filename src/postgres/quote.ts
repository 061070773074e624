import type { TableName } from "../contract/captured.ts";

/** Quotes any name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function tableIdentifier({ schema, name }: TableName): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** Quotes any text as an SQL string, independent of `standard_conforming_strings`. */
export function literal(text: string): string {
  return ` E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
