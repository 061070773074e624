import { listOf, must, type Rule } from "../base/rule.ts";

/** The name of a host, with a port or without one: `api.example.com`, `localhost:4000`, `[::1]`. */
const hostName = /^(?:[\w.-]+|\[[\d:a-f.]+\])(?::\d{1,5})?$/i;

/** A list of host names, as the `Host` header has them. */
export const hostNames: Rule = listOf(
  "host names",
  must("a host name, such as api.example.com or localhost:4000", isHostName, nameInUrl),
  (value) => (isHostName(value) ? `Write [${JSON.stringify(value)}]` : nameInUrl(value)),
);

function isHostName(value: unknown): boolean {
  return typeof value === "string" && hostName.test(value);
}

function nameInUrl(value: unknown): string | undefined {
  const host = typeof value === "string" ? URL.parse(value)?.host : undefined;
  return host === undefined || host === "" ? undefined : `Write ${JSON.stringify(host)}`;
}

/**
 * The names under which clients reach a server. A page whose name an attacker has pointed at the server's address (DNS
 * rebinding) is of the same origin for its browser, but its requests have the page's name in their `Host` header.
 */
export class Hosts {
  readonly #names: ReadonlySet<string> | undefined;

  /** @param names a name without a port stands for all of its ports. Undefined: any name. */
  constructor(names: readonly string[] | undefined) {
    this.#names = names && new Set(names.map((name) => name.toLowerCase()));
  }

  /** Whether a request with this `Host` header is meant for the server. */
  has(header: string | undefined): boolean {
    if (!this.#names) return true;
    const host = (header ?? "").toLowerCase();
    return this.#names.has(host) || this.#names.has(host.replace(/:\d+$/, ""));
  }
}

/** Why a request was refused, in words for its client. Its status is 421, Misdirected Request (RFC 9110, 15.5.20). */
export const foreignHost = "Host not allowed";
