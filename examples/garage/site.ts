import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface Page {
  readonly type: string;
  readonly body: string | Buffer;
}

/** The types of the files that make up the start page; files of other kinds in its folder are not served. */
const types: ReadonlyMap<string, string> = new Map([
  [".css", "text/css; charset=utf-8"],
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".svg", "image/svg+xml; charset=utf-8"],
]);

const folder = fileURLToPath(new URL("page", import.meta.url));
const start = readPage(join(folder, "index.html"));

/** Everything is read once, at the start: a request names a key of this map, never a file. */
const pages: ReadonlyMap<string, Page> = new Map([
  ["/", start],
  ...filesOf(folder, "/"),
  // The client that everybody uses, as it comes from its package.
  ...filesOf(dirname(fileURLToPath(import.meta.resolve("graphql-ws/client"))), "/graphql-ws/"),
  ["/health/live", plain("live\n")],
  ["/health/ready", plain("ready\n")],
]);

const headers = {
  "cache-control": "no-cache",
  "content-security-policy":
    `default-src 'self'; script-src 'self' ${hashOfImportMap(start)}; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Answers what is not GraphQL: the start page, its files, and the health checks. */
export function serveSite(request: IncomingMessage, response: ServerResponse): void {
  const [path = "/"] = (request.url ?? "/").split("?");
  const found = pages.get(path);
  if (!found) return answer(response, 404, plain("There is nothing here; the start page is at /\n"));
  if (request.method === "GET" || request.method === "HEAD") return answer(response, 200, found);
  response.setHeader("allow", "GET, HEAD");
  answer(response, 405, plain("Only GET and HEAD are allowed here\n"));
}

/** Node leaves the body out of an answer to HEAD. */
function answer(response: ServerResponse, status: number, { type, body }: Page): void {
  response.writeHead(status, { ...headers, "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function filesOf(cwd: string, prefix: string): readonly (readonly [string, Page])[] {
  return globSync("*.*", { cwd })
    .filter((file) => types.has(extname(file)))
    .map((file) => [prefix + basename(file), readPage(join(cwd, file))]);
}

function readPage(file: string): Page {
  return { type: types.get(extname(file)) ?? "application/octet-stream", body: readFileSync(file) };
}

function plain(body: string): Page {
  return { type: "text/plain; charset=utf-8", body };
}

/** A browser takes an import map only from the page itself, where the policy allows nothing but this one. */
function hashOfImportMap({ body }: Page): string {
  const [, map = ""] = /<script type="importmap">(.*?)<\/script>/s.exec(body.toString()) ?? [];
  return `'sha256-${createHash("sha256").update(map).digest("base64")}'`;
}
