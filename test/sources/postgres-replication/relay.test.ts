import type { Client } from "pg";
import { describe, expect, it } from "vitest";
import type { NewEvent } from "../../../src/contract/broker.ts";
import type { ChangePayload } from "../../../src/relay/change-payload.ts";
import { historyQuery, historyTables, randomOf, versionOf, versionsById, write, type Version } from "../history.ts";
import { CapturedDatabase, eventually, openServer, table } from "./capture.ts";
import { RecordingBroker } from "./recording-broker.ts";
import { Relaying, type Moment } from "./relaying.ts";

/** By default a fifth of the full workload; `FANFARE_RUNS=5` runs the whole. */
const times = Number(process.env["FANFARE_RUNS"] ?? "1");
const seed = Number(process.env["FANFARE_SEED"] ?? "1");
const moments: readonly Moment[] = ["before", "stored", "after"];

describe("A relay that is killed, paused and started again", () => {
  it(
    "publishes exactly the committed changes, per row in the order of the commits, none twice",
    async () => {
      await using server = await openServer();
      await using database = await CapturedDatabase.open(server, historyTables, [table("counted")]);
      const broker = new RecordingBroker();
      const random = randomOf(seed);
      const stop = new AbortController();
      let relaying = new Relaying(database, broker);
      await eventually(() => database.isRead());
      const writing = write(
        () => connect(database),
        { writers: 8, transactions: Infinity, stop: stop.signal, seed },
        () => true,
      );
      const strike = (act: () => void): Promise<void> => {
        const moment = moments[Math.floor(random() * moments.length)] ?? "before";
        return relaying.strike(1 + Math.floor(random() * 20), moment, act);
      };

      for (let round = 0; round < 10 * times; round += 1) {
        await strike(() => relaying.process.kill("SIGKILL"));
        await relaying.kill();
        relaying = new Relaying(database, broker);
        if (round === 5) await server.restart();
      }
      // The leader is paused beyond its lease, another process takes over, and the first continues.
      for (let round = 0; round < 2 * times; round += 1) {
        const paused = relaying;
        await strike(() => paused.process.kill("SIGSTOP"));
        relaying = new Relaying(database, broker);
        await strike(() => paused.process.kill("SIGCONT"));
        await strike(() => paused.process.kill("SIGKILL"));
        await paused.kill();
      }
      stop.abort();
      await writing;
      const { rows: history } = await database.pool.query<Version>(historyQuery);
      await eventually(async () => broker.events.length >= history.length);
      await relaying.kill();

      expect(versionsById(broker.events.flatMap(publishedVersion))).toEqual(versionsById(history));
      expect(broker.repeated).toEqual([]);
    },
    120_000 * times,
  );
});

/** Connects, and retries, since the server may be unavailable for a moment. */
async function connect({ server, name }: CapturedDatabase): Promise<Client> {
  const clients: Client[] = [];
  await eventually(async () => {
    await server.client({ database: name }).then(
      (client) => clients.push(client),
      () => undefined,
    );
    return clients.length > 0;
  });
  const [client] = clients;
  if (!client) throw new Error("No connection was made");
  return client;
}

function publishedVersion({ payload }: NewEvent): readonly Version[] {
  return isChange(payload) && payload.action !== "TRUNCATED" ? [versionOf(payload)] : [];
}

function isChange(payload: unknown): payload is ChangePayload {
  return typeof payload === "object" && payload !== null && "action" in payload;
}
