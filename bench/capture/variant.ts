import { Client, type Pool } from "pg";
import type { Source } from "fanfare/contract";
import { installOutbox, postgresOutbox } from "fanfare/sources/postgres-outbox";
import { installReplication, postgresReplication } from "fanfare/sources/postgres-replication";
import type { PostgresServer } from "../../test/servers/postgres.ts";

/** A way to capture the table `cars`, or none. */
export interface Variant {
  readonly name: string;
  install(pool: Pool): Promise<void>;
  /** Undefined for one that is only there to be compared with. */
  source?(pool: Pool, server: PostgresServer, database: string): Source;
}

const tables = ["cars"];

export const variants: readonly Variant[] = [
  { name: "nothing", install: async () => undefined },
  {
    name: "outbox",
    install: (pool) => installOutbox(pool, { tables }),
    source: (client) => postgresOutbox({ client, tables }),
  },
  {
    name: "outbox with notify",
    install: (pool) => installOutbox(pool, { tables, notify: true }),
  },
  {
    name: "replication",
    async install(pool) {
      await pool.query("alter table cars replica identity full");
      await installReplication(pool, { tables });
    },
    source: (client, server, database) =>
      postgresReplication({
        client,
        connect: (mode) => new Client({ ...server.login({ database }), ...mode }),
        tables,
      }),
  },
];
