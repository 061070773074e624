import { quoted } from "../base/quoted.ts";
import { FanfareError } from "../base/error.ts";
import type { TopicName } from "../contract/broker.ts";
import type { Transaction, TransactionalEvent } from "../contract/source.ts";
import { identifier } from "./quote.ts";

/**
 * Publishes an event in a transaction, by the function `publish` that each source installs in its schema.
 *
 * @throws FanfareError BAD_OPTION for a payload without JSON; the transaction is as it was then.
 */
export async function publishEvent(
  transaction: Transaction,
  schema: string,
  { topic, payload, id }: TransactionalEvent,
): Promise<void> {
  await transaction.query(`select ${identifier(schema)}.publish($1::text, $2::jsonb, $3::text)`, [
    topic,
    jsonOf(topic, payload ?? null),
    id ?? null,
  ]);
}

function jsonOf(topic: TopicName, payload: unknown): string {
  let cause: unknown;
  try {
    const text: string | undefined = JSON.stringify(payload);
    if (text !== undefined) return text;
  } catch (error) {
    cause = error;
  }
  const what = `the payload for the topic ${JSON.stringify(topic)} is ${quoted(payload)}, which has no JSON`;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  throw new FanfareError("BAD_OPTION", `publish: ${what}${why}`, { cause });
}
