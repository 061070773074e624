import { Client, type Pool } from "pg";
import type { Source } from "fanfare/contract";
import { installOutbox, postgresOutbox } from "fanfare/sources/postgres-outbox";
import { installReplication, postgresReplication } from "fanfare/sources/postgres-replication";
import type { PostgresServer } from "../servers/postgres.ts";

/** A source of changes of the table `cars`. */
export interface CarSource {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly open: (server: PostgresServer, pool: Pool) => Promise<Source>;
}

export const carSources: readonly CarSource[] = [
  {
    name: "the outbox",
    settings: {},
    open: async (_, client) => {
      await installOutbox(client, { tables: ["cars"] });
      return postgresOutbox({ client, tables: ["cars"] });
    },
  },
  {
    name: "replication",
    settings: { wal_level: "logical", max_slot_wal_keep_size: "4GB" },
    open: async (server, client) => {
      await installReplication(client, { tables: ["cars"] });
      const connect = (mode: object): Client => new Client({ ...server.login(), ...mode });
      return postgresReplication({ client, connect, tables: ["cars"] });
    },
  },
];
