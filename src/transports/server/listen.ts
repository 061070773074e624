import { createServer, type Server as HttpServer } from "node:http";
import type { Log } from "../../contract/log.ts";
import { defaultTransportLimits, type TransportLimits } from "../limits.ts";
import { attach, type PathOptions } from "./attach.ts";
import { Connections } from "./connections.ts";

/** Options of {@link listen}. */
export interface ServerOptions extends PathOptions {
  /** The TCP port. Default: 4000. 0: any free port. */
  readonly port?: number | undefined;
  /** The network interface. Default: `127.0.0.1`, this machine only. `::`: all. */
  readonly host?: string | undefined;
  readonly limits?: Partial<TransportLimits> | undefined;
  readonly log: Log;
}

/**
 * A listening server. Disposal stops listening and waits for running requests. WebSockets stay open until the Fanfare
 * that serves them is disposed.
 */
export interface Server extends AsyncDisposable {
  /** Node's HTTP server. */
  readonly server: HttpServer;
  readonly port: number;
  /** The URL of GraphQL, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
}

/** Milliseconds between two checks of the timeouts of headers and requests. */
const checkMilliseconds = 1_000;

/**
 * Serves GraphQL on a server of its own, which answers other paths with 404.
 *
 * @throws FanfareError BAD_OPTION for a path that does not begin with a slash; Node's error when the port is not
 * available.
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
  const connections = new Connections(server);
  server.maxHeadersCount = limits.requestHeaders === Infinity ? 0 : limits.requestHeaders;
  const attached = attach(server, options);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  // An `error` event without a listener would end the process, for example when file descriptors run out (EMFILE).
  server.on("error", (error) => options.log.error("The HTTP server failed", { error }));
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    server,
    port: actual,
    url: `http://${name}:${actual}${path}`,
    async [Symbol.asyncDispose]() {
      // Graceful shutdown: requests on open connections still reach the transports, which refuse them if need be.
      await closed(server, connections, limits.closeMilliseconds);
      attached[Symbol.dispose]();
    },
  };
}

/** A timeout as Node's HTTP server takes it: 0 for none. */
function timeoutOf(milliseconds: number): number {
  return milliseconds === Infinity ? 0 : milliseconds;
}

/**
 * Resolves when a server is closed, or after a timeout: WebSockets, which the transports close, keep a server from
 * being closed.
 */
function closed(server: HttpServer, connections: Connections, milliseconds: number): Promise<void> {
  // Idle keep-alive connections are closed at once. 0 would turn the timeout off.
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
    connections.destroySilent();
  });
}
