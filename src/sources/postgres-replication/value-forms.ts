import { textRows, type PostgresPool, type TextRow } from "./database.ts";
import {
  arrayForm,
  booleanForm,
  jsonForm,
  numberForm,
  plainForm,
  recordForm,
  timestampForm,
  type ValueForm,
} from "./value-form.ts";

/** The types of PostgreSQL's own that `to_jsonb` does not make a string of, or that it prints in another way. */
const builtIn: ReadonlyMap<number, ValueForm> = new Map([
  [16, booleanForm],
  [20, numberForm],
  [21, numberForm],
  [23, numberForm],
  [700, numberForm],
  [701, numberForm],
  [1700, numberForm],
  [1114, timestampForm],
  [1184, timestampForm],
  [114, jsonForm],
  [3802, jsonForm],
]);

/**
 * The types asked for and every type they are made of: the base of a domain, the elements of an array, the fields of a
 * composite. A type that has been dropped since is not found.
 */
const query = `
with recursive needed(oid) as (
  select unnest($1::text::oid[])
  union
  select part.oid from needed join pg_catalog.pg_type t on t.oid = needed.oid cross join lateral (
    select t.typbasetype where t.typtype = 'd'
    union all select t.typelem where t.typtype = 'b' and t.typcategory = 'A'
    union all select a.atttypid from pg_catalog.pg_attribute a
      where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) part(oid)
)
select t.oid::text as oid,
  case when t.typtype = 'd' then t.typbasetype::text end as base,
  case when t.typtype = 'b' and t.typcategory = 'A' and t.typlen = -1 and t.typelem <> 0 then t.typelem::text end as element,
  (select e.typdelim::text from pg_catalog.pg_type e where e.oid = t.typelem) as delimiter,
  (select jsonb_agg(jsonb_build_array(a.attname, a.atttypid::text) order by a.attnum)::text
    from pg_catalog.pg_attribute a
    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as fields
from needed join pg_catalog.pg_type t on t.oid = needed.oid`;

/** How the values of each type are written, by its `oid`. A database is asked about those that are not its own. */
export async function valueForms(
  client: Pick<PostgresPool, "query">,
  types: readonly number[],
): Promise<readonly ValueForm[]> {
  const others = types.filter((type) => !builtIn.has(type));
  const rows = others.length > 0 ? await textRows(client, query, [`{${others.join(",")}}`]) : [];
  const byOid = new Map(rows.map((row) => [Number(row["oid"]), row]));
  return types.map((type) => formOf(type, byOid));
}

function formOf(type: number, rows: ReadonlyMap<number, TextRow>): ValueForm {
  const known = builtIn.get(type);
  const row = rows.get(type);
  if (known || !row) return known ?? plainForm;
  const { base, element, delimiter, fields } = row;
  if (base) return formOf(Number(base), rows);
  if (element) return arrayForm(formOf(Number(element), rows), delimiter ?? ",");
  if (!fields) return plainForm;
  return recordForm(readFields(fields).map(([name, field]) => [name, formOf(field, rows)]));
}

function readFields(text: string): readonly (readonly [name: string, type: number])[] {
  const fields: unknown = JSON.parse(text);
  if (!Array.isArray(fields)) return [];
  return fields.flatMap((field: unknown) =>
    Array.isArray(field) ? [[String(field[0]), Number(field[1])] as const] : [],
  );
}
