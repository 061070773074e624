import { createServer } from "node:http";
import { createFanfare, type Fanfare } from "fanfare";
import { CarStore } from "./car-store.ts";
import type { Config } from "./config.ts";
import type { Context } from "./context.ts";
import { openDatabase } from "./database.ts";
import { MessageStore } from "./message-store.ts";
import { garageSchema } from "./schema.ts";
import { close, listen, urlOf } from "./server.ts";
import { serveSite } from "./site.ts";

/** A garage that is open; disposing it closes everything behind it. */
export interface Garage extends AsyncDisposable {
  /** Where to look, without a slash at the end. */
  readonly url: string;
}

/** @throws StartError when it cannot open. */
export async function openGarage({ host, port, folder }: Config): Promise<Garage> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await openDatabase(folder));
  const cars = new CarStore(database);
  const messages = new MessageStore(database);
  const fanfare: Fanfare<Context> = opening.use(
    createFanfare<Context>({
      schema: garageSchema(),
      context: () => ({ cars, messages, publish: (...event) => fanfare.publish(...event) }),
    }),
  );

  const server = createServer(serveSite);
  fanfare.attach(server, { path: "/graphql" });
  await listen(server, host, port);
  // A server is closed only when its WebSockets are, so neither waits for the other.
  opening.defer(async () => {
    await Promise.all([close(server), fanfare[Symbol.asyncDispose]()]);
  });

  const opened = opening.move();
  return { url: urlOf(server, host), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
