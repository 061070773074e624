import { createServer, type Server as HttpServer } from "node:http";
import type { Log } from "../../contract/log.ts";
import { defaultTransportLimits, type TransportLimits } from "../limits.ts";
import { attach, type PathOptions } from "./attach.ts";

export interface ServerOptions extends PathOptions {
  /** Default 4000; 0 takes any free one. */
  readonly port?: number | undefined;
  /** Default `127.0.0.1`: this machine only. `::` is every network. */
  readonly host?: string | undefined;
  readonly limits?: Partial<TransportLimits> | undefined;
  readonly log: Log;
}

/**
 * A server that listens. Disposing it stops that and waits for running requests; WebSockets stay open, until the Fanfare
 * that serves them is disposed.
 */
export interface Server extends AsyncDisposable {
  /** Node's own. */
  readonly server: HttpServer;
  readonly port: number;
  /** Where GraphQL is, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
}

/** Milliseconds between two looks for connections that are over the time of their headers or of their request. */
const checkMilliseconds = 1_000;

/**
 * Serves GraphQL alone, on a server of its own; every other path is answered with 404. Rejects with Node's error when
 * the port cannot be had, and with FanfareError BAD_OPTION for a path that does not begin with a slash.
 */
export async function listen(options: ServerOptions): Promise<Server> {
  const { port = 4000, host = "127.0.0.1", path = "/graphql" } = options;
  const limits = { ...defaultTransportLimits, ...options.limits };
  const server = createServer(
    {
      headersTimeout: timeoutOf(Math.min(limits.headersMilliseconds, limits.requestMilliseconds)),
      requestTimeout: timeoutOf(limits.requestMilliseconds),
      connectionsCheckingInterval: checkMilliseconds,
    },
    (_request, response) => response.writeHead(404, { "content-type": "text/plain" }).end("Not found"),
  );
  server.maxHeadersCount = limits.requestHeaders === Infinity ? 0 : limits.requestHeaders;
  const attached = attach(server, options);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // A connection that could not be taken, for want of file descriptors, is no reason to end the process.
  server.on("error", (error) => options.log.error("The HTTP server failed", { error }));
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    server,
    port: actual,
    url: `http://${name}:${actual}${path}`,
    async [Symbol.asyncDispose]() {
      // Who is on the way already still meets the transports, which refuse in their own words what comes too late.
      await closed(server, limits.closeMilliseconds);
      attached[Symbol.dispose]();
    },
  };
}

/** To Node, 0 is no time limit. */
function timeoutOf(milliseconds: number): number {
  return milliseconds === Infinity ? 0 : milliseconds;
}

/** Upgraded connections keep a server from ever being closed, and are not ours to end: so this stops waiting for it. */
function closed(server: HttpServer, milliseconds: number): Promise<void> {
  // The next request of a client that keeps its connection is not waited for. 0 would wait for ever.
  server.keepAliveTimeout = 1;
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
      resolve();
    }, milliseconds);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
