import { createServer } from "node:http";
import { PGlite } from "@electric-sql/pglite";
import { createFanfare, FanfareError, type Fanfare } from "fanfare";
import { ModelStreams } from "fanfare/compat";
import { postgresOutbox } from "fanfare/sources/postgres-outbox";
import { CarStore } from "./car-store.ts";
import type { Config } from "./config.ts";
import type { Context } from "./context.ts";
import { openDatabase } from "./database.ts";
import { openDoor } from "./door.ts";
import { MessageStore } from "./message-store.ts";
import { garageSchema } from "./schema.ts";
import { close, listen, portOf, urlOf } from "./server.ts";
import { serveSite } from "./site.ts";
import { StartError } from "./start-error.ts";

/** A garage that is open; disposing it closes everything behind it. */
export interface Garage extends AsyncDisposable {
  /** Where to look, without a slash at the end. */
  readonly url: string;
  /** Where the data is. */
  readonly data: string;
}

/** @throws StartError when it cannot open. */
export async function openGarage(config: Config): Promise<Garage> {
  const { host, port } = config;
  await using opening = new AsyncDisposableStack();
  const { database, client, place } = opening.use(await openDatabase(config));
  const source = opening.use(postgresOutbox({ client, tables: ["cars"], install: true }));
  const streams = new ModelStreams();
  const [cars, messages] = [new CarStore(database), new MessageStore(database)];
  const fanfare = opening.use(
    createFanfare<Context>({ schema: garageSchema(source, streams), source, context: () => ({ cars, messages }) }),
  );
  await captureStarted(fanfare);

  const server = createServer(serveSite);
  fanfare.attach(server, { path: "/graphql" });
  streams.attach(fanfare, server, { path: "/streams" });
  await listen(server, host, port);
  // A server is closed only when its WebSockets are, so neither waits for the other.
  opening.defer(async () => {
    await Promise.all([close(server), fanfare[Symbol.asyncDispose]()]);
  });
  if (client instanceof PGlite) opening.use(await openDoor(client, portOf(server)));

  const opened = opening.move();
  return { url: urlOf(server, host), data: place, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Or waits behind another garage with the same database. @throws StartError */
async function captureStarted({ relay }: Fanfare<Context>): Promise<void> {
  try {
    await relay?.started;
  } catch (error) {
    if (error instanceof FanfareError)
      throw new StartError(`The database cannot be used: ${error.message}`, { cause: error });
    throw error;
  }
}
