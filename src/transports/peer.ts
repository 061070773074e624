import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { Peer } from "../contract/peer.ts";

/**
 * The peer of a request. It holds a copy of the headers instead of the request, since a connection may last for hours.
 *
 * @param trustProxy the number of proxies in front of this server. The address is the entry of `X-Forwarded-For` that
 * the outermost of them wrote, counted from the right, since a client can forge the entries further left. 0: the header
 * is ignored.
 */
export function peerOf(request: IncomingMessage, trustProxy: number): Peer {
  const { headers, socket, url = "" } = request;
  const network = plain(socket.remoteAddress ?? "");
  return new RequestPeer(
    trustProxy > 0 ? forwarded(headers["x-forwarded-for"], trustProxy, network) : network,
    url,
    pack(request),
  );
}

class RequestPeer implements Peer {
  readonly address: string;
  readonly url: string;
  /** Lines of `name: value`. One string takes a quarter of the memory of an object with the same headers. */
  readonly #headers: string;

  constructor(address: string, url: string, headers: string) {
    this.address = address;
    this.url = url;
    this.#headers = headers;
  }

  header(name: string): string | undefined {
    const key = `\n${name}: `;
    const at = this.#headers.indexOf(key);
    if (at < 0) return undefined;
    const start = at + key.length;
    return this.#headers.slice(start, this.#headers.indexOf("\n", start));
  }
}

/** Packs headers as lines. Node has joined repeated headers, and rejects line breaks in them (header injection). */
function pack(request: IncomingMessage): string {
  const { headers } = request;
  const lines = [""];
  for (const name of Object.keys(headers)) lines.push(`${name}: ${String(headers[name])}`);
  lines.push("");
  return lines.join("\n");
}

function forwarded(header: string | string[] | undefined, proxies: number, network: string): string {
  const hops = String(header ?? "").split(",");
  const entry = withoutPort(hops[Math.max(0, hops.length - proxies)]?.trim() ?? "");
  return isIP(entry) === 0 ? network : plain(entry);
}

/** Removes a port: some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
}

/** An IPv4-mapped IPv6 address as the IPv4 address, so that a client has one address on both kinds of sockets. */
function plain(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
