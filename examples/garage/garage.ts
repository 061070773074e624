import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createFanfare, type Fanfare } from "fanfare";
import { CarStore } from "./car-store.ts";
import type { Config } from "./config.ts";
import type { Context } from "./context.ts";
import { openDatabase } from "./database.ts";
import { MessageStore } from "./message-store.ts";
import { garageSchema } from "./schema.ts";
import { serveSite } from "./site.ts";
import { StartError } from "./start-error.ts";

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
  opening.defer(() => void server.close());

  const opened = opening.move();
  return { url: urlOf(server, host), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    throw new StartError(hint(error, host, port), { cause: error });
  }
}

function hint(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is in use. End what uses it, or choose another: PORT=${port + 1} npm start`;
    case "EACCES":
      return `Port ${port} may not be used without more rights. Choose one above 1023: PORT=4000 npm start`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST is ${JSON.stringify(host)}, which is no address of this machine. Try 127.0.0.1, or 0.0.0.0 for all of them.`;
    default:
      return `The garage cannot listen on ${host}:${port}: ${String(error)}`;
  }
}

/** A server that listens on every address is on this machine's own as well. */
function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const reachable = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
