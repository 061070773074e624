import type { IncomingHttpHeaders } from "node:http";
import type { OriginCheck } from "./origin.ts";

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
