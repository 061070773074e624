import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveSite } from "../../examples/garage/site.ts";
import { urlOf } from "../../examples/garage/server.ts";

const server = createServer(serveSite);
let url: string;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = urlOf(server, "127.0.0.1");
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("The start page", () => {
  it("is made of files of the garage's own", async () => {
    const html = await fetch(url).then((response) => response.text());
    const named = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = ""]) => path);
    expect(named).toEqual(expect.arrayContaining(["/main.js", "/style.css", "/icon.svg"]));
    const seen = new Set<string>();
    const follow = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const response = await fetch(url + path);
      expect([path, response.status]).toEqual([path, 200]);
      const text = await response.text();
      for (const [, name = ""] of text.matchAll(/^(?:import|export) .*?["'](.+?)["'];$/gm)) {
        const mapped = name === "graphql-ws/client" ? "/graphql-ws/client.js" : name;
        await follow(new URL(mapped, url + path).pathname);
      }
    };
    for (const path of named) await follow(path);
    expect([...seen].some((path) => path.startsWith("/graphql-ws/common-"))).toBe(true);
  });

  it("lets the browser load nothing from anywhere else", async () => {
    const { headers } = await fetch(url);
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'self'; script-src 'self' 'sha256-[^' ]+';/);
  });

  it("is read, not written", async () => {
    expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
    const post = await fetch(url, { method: "POST" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await fetch(`${url}/page/index.html`)).status).toBe(404);
    expect((await fetch(`${url}/..%2fmain.ts`)).status).toBe(404);
  });

  it("stands beside the checks for whoever runs the garage", async () => {
    for (const [path, body] of [
      ["/health/live", "live\n"],
      ["/health/ready", "ready\n"],
    ]) {
      expect(await fetch(`${url}${path}`).then((response) => response.text())).toBe(body);
    }
  });
});
