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

/** Checks the `Origin` header of requests (protection against CSRF and cross-site WebSocket hijacking). */
export class OriginCheck {
  readonly #allowed: ReadonlySet<string> | undefined;

  /** @throws FanfareError BAD_OPTION for an entry that no browser sends. */
  constructor(rule: OriginRule = { allow: [] }) {
    if (rule.allow === "any") return;
    for (const origin of rule.allow) {
      if (origin === "null" || origin === written(origin)) continue;
      const hint = `write it as browsers do, such as ${written(origin) ?? "https://app.example.com"}`;
      throw new FanfareError("BAD_OPTION", `origin.allow has ${JSON.stringify(origin)}; ${hint}`);
    }
    this.#allowed = new Set(rule.allow);
  }

  /** Whether a request has an Origin that is allowed. Origins are compared whole: a prefix or suffix proves nothing. */
  proves(headers: IncomingHttpHeaders): boolean {
    const { origin, host } = headers;
    if (origin === undefined) return false;
    if (this.#allowed === undefined || this.#allowed.has(origin)) return true;
    return isSameHost(origin, host);
  }

  /** Whether a request has an allowed Origin, or neither an Origin nor a cookie, so that it is not a browser's. */
  permits(headers: IncomingHttpHeaders): boolean {
    if (this.#allowed === undefined || this.proves(headers)) return true;
    return headers.origin === undefined && headers.cookie === undefined;
  }
}

/** Whether an Origin is the server's own host. A Host header may contain the default port, an Origin never does. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (!host) return false;
  const server = host.toLowerCase();
  return origin === `https://${server.replace(/:443$/, "")}` || origin === `http://${server.replace(/:80$/, "")}`;
}

/** An origin as browsers serialise it. Not `URL.origin`, which is "null" for apps such as `capacitor://localhost`. */
function written(origin: string): string | undefined {
  const url = URL.parse(origin);
  return url && url.host !== "" ? `${url.protocol}//${url.host}` : undefined;
}

/** Headers that a page of another site can only send after a preflight request, which fails unless CORS is set up. */
const preflightHeaders = ["x-graphql-require-preflight", "apollo-require-preflight", "x-requested-with"] as const;

/** The message for a GET request that may be cross-site. */
export const crossSiteHint: string =
  "A GET request must show that no other site's page sent it; " +
  `add the header ${preflightHeaders[0]}: 1, or use POST with content-type: application/json`;

/**
 * Whether a page of another site may have made a browser send this request with its cookies, by a link, a form or an
 * image (CSRF, cross-site request forgery). A JSON body cannot be sent that way without a preflight request.
 */
export function mayBeCrossSite(headers: IncomingHttpHeaders, origin: OriginCheck): boolean {
  const site = headers["sec-fetch-site"];
  if (site === "same-origin" || site === "none") return false;
  if (origin.proves(headers) || isJson(headers["content-type"])) return false;
  if (site === undefined && headers.origin === undefined && isHarmless(headers, origin)) return false;
  return preflightHeaders.every((name) => headers[name] === undefined);
}

/**
 * Whether a request without an Origin comes from an allowed page by its Referer, which older browsers send in place of
 * `Sec-Fetch-Site`, or from a program: without a Referer, and without a cookie or credentials that a browser could add.
 */
function isHarmless(headers: IncomingHttpHeaders, origin: OriginCheck): boolean {
  const { authorization, cookie, referer } = headers;
  if (referer === undefined) return cookie === undefined && authorization === undefined;
  return origin.proves({ ...headers, origin: written(referer) });
}

/**
 * Whether a content type is JSON in UTF-8. The whole value is compared: browsers have sent malformed content types
 * without a preflight request, so a match of a part would allow CSRF.
 */
export function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(?:;\s*charset=utf-8\s*)?$/i.test(contentType ?? "");
}
