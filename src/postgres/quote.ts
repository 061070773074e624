import type { TableName } from "../contract/captured.ts";

/** A name as an identifier of SQL, whatever is in it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function tableIdentifier({ schema, name }: TableName): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** A string of SQL, whatever is in it and however the server takes backslashes. */
export function literal(text: string): string {
  return ` E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
