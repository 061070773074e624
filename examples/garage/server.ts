import { once } from "node:events";
import type { Server } from "node:http";
import { StartError } from "./start-error.ts";

/** Requests that run when the garage closes have this long to end. */
const closeMilliseconds = 1_000;

/** @throws StartError when the address cannot be had. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    throw new StartError(hint(error, host, port), { cause: error });
  }
  // A connection that could not be taken, for want of file descriptors, is no reason to end the process.
  server.on("error", (error) => console.error("The HTTP server failed", error));
}

/** Stops listening. Browsers open connections in advance and say nothing on them, so some have to be cut. */
export async function close(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), closeMilliseconds);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  clearTimeout(cut);
}

/** A server that listens on every address is on this machine's own as well. */
export function urlOf(server: Server, host: string): string {
  const own = new Map([
    ["0.0.0.0", "127.0.0.1"],
    ["::", "localhost"],
  ]);
  const reachable = own.get(host) ?? host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${portOf(server)}`;
}

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

function hint(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is in use. End what uses it, or choose another: PORT=${other(port)} npm start`;
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

function other(port: number): number {
  return port < 65_535 ? port + 1 : port - 1;
}
