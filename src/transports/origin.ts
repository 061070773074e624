import type { IncomingHttpHeaders } from "node:http";
import { FanfareError } from "../base/error.ts";

/**
 * Which web pages may use the server with their visitors' cookies. A page of the server's own host (name and port,
 * compared with the Host header) always may. Default: no other page.
 */
export interface OriginRule {
  /** Further origins, written as browsers send them: `https://app.example.com`. `"any"` turns the check off. */
  readonly allow: readonly string[] | "any";
}

/** Answers whether a request may come from where it says it comes from. */
export class OriginCheck {
  readonly #allowed: ReadonlySet<string> | undefined;

  /** Throws FanfareError BAD_OPTION for an entry that no browser would ever send. */
  constructor(rule: OriginRule = { allow: [] }) {
    if (rule.allow === "any") return;
    for (const origin of rule.allow) {
      if (origin === "null" || origin === written(origin)) continue;
      const hint = `write it as browsers do, such as ${written(origin) ?? "https://app.example.com"}`;
      throw new FanfareError("BAD_OPTION", `origin.allow has ${JSON.stringify(origin)}; ${hint}`);
    }
    this.#allowed = new Set(rule.allow);
  }

  /** The request has an Origin, and it is an allowed one. Compared whole: a part of a name proves nothing. */
  proves(headers: IncomingHttpHeaders): boolean {
    const { origin, host } = headers;
    if (origin === undefined) return false;
    if (this.#allowed === undefined || this.#allowed.has(origin)) return true;
    return isSameHost(origin, host);
  }

  /** The same, or no page at all: a request without an Origin and without a cookie comes from a program. */
  permits(headers: IncomingHttpHeaders): boolean {
    if (this.#allowed === undefined || this.proves(headers)) return true;
    return headers.origin === undefined && headers.cookie === undefined;
  }
}

/** A Host may name the default port, an Origin never does. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (!host) return false;
  const server = host.toLowerCase();
  return origin === `https://${server.replace(/:443$/, "")}` || origin === `http://${server.replace(/:80$/, "")}`;
}

/** An origin as browsers send it. Not `URL.origin`, which is "null" for apps such as `capacitor://localhost`. */
function written(origin: string): string | undefined {
  const url = URL.parse(origin);
  return url && url.host !== "" ? `${url.protocol}//${url.host}` : undefined;
}

/** Headers that a page of another site can only send after a preflight, which is refused unless CORS was set up. */
const preflightHeaders = ["x-graphql-require-preflight", "apollo-require-preflight", "x-requested-with"] as const;

/** What to tell the author of a client that was taken for another site's page. */
export const crossSiteHint: string =
  "A GET request must show that no other site's page sent it; " +
  `add the header ${preflightHeaders[0]}: 1, or use POST with content-type: application/json`;

/**
 * Whether another site's page could have made a visitor's browser send this request, cookies included: by a link, a
 * form or an image (cross-site request forgery). A body of JSON cannot be sent that way.
 */
export function mayBeCrossSite(headers: IncomingHttpHeaders, origin: OriginCheck): boolean {
  const site = headers["sec-fetch-site"];
  if (site === "same-origin" || site === "none") return false;
  if (origin.proves(headers) || isJson(headers["content-type"])) return false;
  return preflightHeaders.every((name) => headers[name] === undefined);
}

/**
 * The whole value is compared. Browsers have sent odd content types without a preflight, and a type that merely
 * contains the right words would let them in.
 */
export function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(?:;\s*charset=utf-8\s*)?$/i.test(contentType ?? "");
}
