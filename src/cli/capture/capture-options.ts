import { parseArgs } from "node:util";
import type { TableName } from "../../contract/captured.ts";
import type { OutboxInstallOptions } from "../../sources/postgres-outbox.ts";
import { usageError } from "../cli-error.ts";
import { tableNameOf } from "./table-name.ts";

/** The options of a command line about capture. */
export interface CaptureOptions {
  readonly source: "outbox" | "replication";
  readonly tables: readonly TableName[];
  /** The database's URL; undefined with `--print`: the SQL is printed only. */
  readonly database: string | undefined;
  readonly yes: boolean;
  readonly schema?: string;
  readonly readers: readonly string[];
  readonly publishers: readonly string[];
  readonly notify: boolean;
  readonly publication?: string;
  readonly slots?: readonly string[];
}

/** The part of them that the outbox has. */
export function outboxOptions({ tables, schema, readers, publishers, notify }: CaptureOptions): OutboxInstallOptions {
  return { tables, readers, publishers, notify, ...(schema !== undefined && { schema }) };
}

/** The part of them that replication has, beside tables and slots. */
export function replicationNames({
  schema,
  publication,
}: CaptureOptions): Pick<CaptureOptions, "schema" | "publication"> {
  return { ...(schema !== undefined && { schema }), ...(publication !== undefined && { publication }) };
}

const options = {
  table: { type: "string", short: "t", multiple: true },
  "database-url": { type: "string" },
  source: { type: "string" },
  schema: { type: "string" },
  print: { type: "boolean" },
  yes: { type: "boolean", short: "y" },
  reader: { type: "string", multiple: true },
  publisher: { type: "string", multiple: true },
  notify: { type: "boolean" },
  publication: { type: "string" },
  slot: { type: "string", multiple: true },
} as const;

/** The options that only one source has. */
const own = { outbox: ["reader", "publisher", "notify"], replication: ["publication", "slot"] } as const;

/** @throws CliError for an unknown, missing or contradictory option. */
export function readCaptureOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CaptureOptions {
  const values = parsed(args);
  const source = values.source ?? "outbox";
  if (source !== "outbox" && source !== "replication") {
    throw usageError(`--source is ${JSON.stringify(source)}; it must be outbox or replication`);
  }
  const other = source === "outbox" ? "replication" : "outbox";
  const foreign = own[other].find((name) => values[name] !== undefined);
  if (foreign !== undefined) throw usageError(`--${foreign} is for --source ${other}`);

  const url = values["database-url"] ?? environment["DATABASE_URL"];
  if (!url && !values.print) {
    throw usageError("say where the database is, with --database-url or DATABASE_URL; or --print the SQL");
  }
  return {
    source,
    tables: (values.table ?? []).map(tableNameOf),
    database: values.print ? undefined : url,
    yes: values.yes ?? false,
    readers: values.reader ?? [],
    publishers: values.publisher ?? [],
    notify: values.notify ?? false,
    ...(values.schema !== undefined && { schema: values.schema }),
    ...(values.publication !== undefined && { publication: values.publication }),
    ...(values.slot && { slots: values.slot }),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Only the first sentence: Node's message goes on with advice about arguments that begin with a dash.
    const [sentence = error.message] = error.message.split(". ");
    throw usageError(`${sentence}; see fanfare --help`, { cause: error });
  }
}
