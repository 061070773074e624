import { isEmbedded, type PostgresClient } from "./client.ts";
import { databaseError } from "./database-error.ts";
import { withConnection } from "./pool.ts";

/** Runs statements in one transaction: all of them, or none. @throws FanfareError SOURCE_NOT_READY, SOURCE_UNAVAILABLE */
export async function runSql(client: PostgresClient, doing: string, text: string): Promise<void> {
  try {
    if (isEmbedded(client)) await client.transaction((transaction) => transaction.exec(text));
    else await withConnection(client, (connection) => connection.query(`begin;\n${text}\ncommit;`));
  } catch (error) {
    throw databaseError(doing, error);
  }
}
