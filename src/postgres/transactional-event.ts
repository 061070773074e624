import type { Transaction, TransactionalEvent } from "../contract/source.ts";
import { identifier } from "./quote.ts";

/** Publishes an event in a transaction, by the function `publish` that each source installs in its schema. */
export async function publishEvent(
  transaction: Transaction,
  schema: string,
  { topic, payload, id }: TransactionalEvent,
): Promise<void> {
  await transaction.query(`select ${identifier(schema)}.publish($1::text, $2::jsonb, $3::text)`, [
    topic,
    JSON.stringify(payload ?? null),
    id ?? null,
  ]);
}
