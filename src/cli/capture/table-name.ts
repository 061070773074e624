import type { TableName } from "../../contract/captured.ts";
import { usageError } from "../cli-error.ts";

const part = String.raw`"(?:[^"]|"")+"|[^".]+`;
const pattern = new RegExp(`^(?:(${part})\\.)?(${part})$`);

/**
 * Reads a table's name from a command line: `cars`, `public.cars`, `"a.b"."c d"`. Unlike in SQL, a name without quotes
 * keeps its capitals, since a shell removes quotes: `Cars` is the table `"Cars"`.
 *
 * @throws CliError for any other text.
 */
export function tableNameOf(text: string): TableName {
  const [, schema = "public", name] = pattern.exec(text) ?? [];
  if (name === undefined) {
    throw usageError(`--table is ${JSON.stringify(text)}; it must be like cars, public.cars or "a.b"."c d"`);
  }
  return { schema: unquoted(schema), name: unquoted(name) };
}

export function shown({ schema, name }: TableName): string {
  return `${schema}.${name}`;
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
