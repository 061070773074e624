import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

interface Page {
  readonly type: string;
  readonly body: string | Buffer;
}

const pages: ReadonlyMap<string, Page> = new Map([
  ["/", page("index.html", "text/html")],
  ["/style.css", page("style.css", "text/css")],
  ["/page.js", page("page.js", "text/javascript")],
  ["/client.js", page("client.js", "text/javascript")],
  ["/icon.svg", page("icon.svg", "image/svg+xml")],
  ["/health/live", { type: "text/plain; charset=utf-8", body: "live\n" }],
  ["/health/ready", { type: "text/plain; charset=utf-8", body: "ready\n" }],
]);

const headers = {
  "cache-control": "no-cache",
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Answers what is not GraphQL: the start page, its files, and the health checks. */
export function serveSite(request: IncomingMessage, response: ServerResponse): void {
  const [path = "/"] = (request.url ?? "/").split("?");
  const found = pages.get(path);
  if (!found) return answer(response, 404, plain(`There is nothing at ${path}\n`));
  if (request.method === "GET" || request.method === "HEAD") return answer(response, 200, found);
  response.setHeader("allow", "GET, HEAD");
  answer(response, 405, plain("Only GET and HEAD are allowed here\n"));
}

/** Node leaves the body out of an answer to HEAD. */
function answer(response: ServerResponse, status: number, { type, body }: Page): void {
  response.writeHead(status, {
    ...headers,
    "content-type": type,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function page(file: string, type: string): Page {
  return {
    type: `${type}; charset=utf-8`,
    body: readFileSync(new URL(`page/${file}`, import.meta.url)),
  };
}

function plain(body: string): Page {
  return { type: "text/plain; charset=utf-8", body };
}
