import type { Transaction, TransactionalEvent } from "../../contract/source.ts";

/** Calls the function that both sources install. */
export async function publishEvent(
  transaction: Transaction,
  schema: string,
  { topic, payload, id }: TransactionalEvent,
): Promise<void> {
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  await transaction.query(`select ${quoted}.publish($1::text, $2::jsonb, $3::text)`, [
    topic,
    JSON.stringify(payload ?? null),
    id ?? null,
  ]);
}
