import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { Connection, type ConnectionOptions } from "../../src/postgres/connection.ts";
import { PostgresServer } from "../servers/postgres.ts";

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.open();
});
afterAll(() => server[Symbol.asyncDispose]());

/** The options of a connection, except its pool. */
const options: Omit<ConnectionOptions, "client"> = {
  clock: systemClock,
  channel: undefined,
  onNotification: () => undefined,
  errorOf: (doing, cause) => new Error(`could not ${doing}`, { cause }),
};

describe("A dedicated connection", () => {
  it("gets the notifications on its channel, whatever the channel's name, and no others", async () => {
    const client = server.pool();
    const { promise, resolve } = Promise.withResolvers<void>();
    let count = 0;
    const onNotification = (): void => {
      count += 1;
      resolve();
    };
    const connection = await Connection.open({ ...options, client, channel: 'a "b"', onNotification });
    await client.query("notify other");
    await client.query('notify "a ""b"""');
    await promise;
    await connection[Symbol.asyncDispose]();
    expect(count).toBe(1);
    await client.end();
  });

  it("keeps statements out of the transaction of a read", async () => {
    const client = server.pool();
    const connection = await Connection.open({ ...options, client });
    const ask = "select current_setting('transaction_read_only') as only, current_setting('jit') as jit";
    const answers = await Promise.all([
      connection.read("read", ask, []),
      connection.query("ask", ask),
      connection.read("read", "select 1 / 0", []).catch((error: unknown) => error),
      connection.query("ask", ask),
    ]);
    expect(answers).toEqual([
      [{ only: "on", jit: "off" }],
      [{ only: "off", jit: "on" }],
      new Error("could not read"),
      [{ only: "off", jit: "on" }],
    ]);
    await connection[Symbol.asyncDispose]();
    await client.end();
  });

  it("is closed when LISTEN fails, so that the pool has room for another", async () => {
    const client = server.pool({ max: 1 });
    await expect(Connection.open({ ...options, client, channel: "" })).rejects.toThrow("could not listen");
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});
