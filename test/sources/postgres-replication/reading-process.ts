import { Client, Pool } from "pg";
import type { Batch } from "../../../src/contract/source.ts";
import { FanfareError } from "../../../src/base/error.ts";
import { postgresReplication } from "../../../src/sources/postgres-replication.ts";
import { answer } from "../../faults/child.ts";

// Reads a source in a process of its own, so that it can be paused and killed.

const [connectionString = "", slot = "", tableName = ""] = process.argv.slice(2);
const pool = new Pool({ connectionString });
pool.on("error", () => undefined);
const source = postgresReplication({
  client: pool,
  connect: (mode) => new Client({ connectionString, ...mode }),
  tables: [tableName],
  slot,
});
const changes = source.changes(new AbortController().signal);
let batch: Batch | undefined;

/** The requests of the parent process. */
export interface ReadingAnswers {
  /** Reads the next batch; resolves with its fencing token and the keys of its rows. */
  read(): Promise<{ token: number; ids: (string | null | undefined)[] }>;
  leads(): boolean;
  /** Confirms the batch; resolves with the error's code, or `confirmed`. */
  confirm(): Promise<string>;
  [name: string]: (...input: never[]) => unknown;
}

const answers: ReadingAnswers = {
  async read() {
    const next = await changes.next();
    batch = next.done === true ? undefined : next.value;
    const ids = (batch?.changes ?? []).map((one) => (one.kind === "change" ? one.after?.["id"] : one.kind));
    return { token: batch?.fence.token ?? 0, ids };
  },
  leads: () => batch?.leads() ?? false,
  async confirm() {
    try {
      await batch?.confirm();
      return "confirmed";
    } catch (error) {
      return error instanceof FanfareError ? error.code : String(error);
    }
  },
};
answer(answers);
