import type { IncomingHttpHeaders } from "node:http";
import { FanfareError } from "../base/error.ts";
import { aText, listOf, optionsOf, type Rule } from "../base/rule.ts";

/**
 * Which web pages may use the server with their visitors' cookies. A page of the server's own host (name and port,
 * compared with the Host header) always may. Default: no other page.
 */
export interface OriginRule {
  /** Further origins, written as browsers send them: `https://app.example.com`. `"any"` turns the check off. */
  readonly allow: readonly string[] | "any";
}

const allowedOrigins = listOf("origins", aText(), (value) =>
  typeof value === "string" ? `Write ["${value}"], or "any" for all` : undefined,
);

/** An {@link OriginRule}, apart from the spelling of its entries. */
export const anOriginRule: Rule = optionsOf(
  { allow: (name, value) => (value === "any" ? undefined : allowedOrigins(name, value)) },
  ["allow"],
  (value) => {
    if (Array.isArray(value)) return "Write origin: { allow: [ … ] }";
    if (typeof value !== "string") return undefined;
    return value === "any" || value === "*"
      ? 'Write origin: { allow: "any" }'
      : `Write origin: { allow: [${JSON.stringify(value)}] }`;
  },
);

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

  /**
   * The reason why a WebSocket may not be opened; undefined for an allowed Origin, and for a request with neither an
   * Origin nor a cookie, which is not a browser's.
   */
  problem(headers: IncomingHttpHeaders): OriginProblem | undefined {
    const { cookie, host, origin } = headers;
    if (this.#allowed === undefined || this.proves(headers)) return undefined;
    if (origin !== undefined) return { ...foreignOrigin, origin, host };
    return cookie === undefined ? undefined : { ...cookieAlone, origin, host };
  }
}

/** Why a WebSocket was refused, in words for its client, and the option that would allow it, for the log. */
export interface OriginProblem {
  readonly reason: string;
  /** The HTTP status. Default: 403. */
  readonly status?: number;
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly cure: string;
}

const foreignOrigin = {
  reason: "Origin not allowed",
  cure: "serve the page from this host, or add its origin to the option `origin: { allow: [ … ] }`",
};

const cookieAlone = {
  reason: "Cookie without an Origin not allowed",
  cure: 'send no cookie, or an Origin that is allowed; the option `origin: { allow: "any" }` turns the check off',
};

const secure: ReadonlySet<string> = new Set(["https", "wss"]);

/**
 * Whether an Origin is the server's own host. Clients that are no browsers write the URL that they connect to: with the
 * scheme of WebSockets, the default port or capitals. No page of another site can make a browser send such a one.
 */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (!host) return false;
  const [, scheme, authority] = /^(https?|wss?):\/\/(.+)$/.exec(origin.toLowerCase()) ?? [];
  if (scheme === undefined || authority === undefined) return false;
  const port = secure.has(scheme) ? ":443" : ":80";
  return withoutPort(authority, port) === withoutPort(host.toLowerCase(), port);
}

function withoutPort(authority: string, port: string): string {
  return authority.endsWith(port) ? authority.slice(0, -port.length) : authority;
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
