import { request as httpRequest } from "node:http";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { createFanfare, silentLog, type FanfareOptions } from "fanfare";
import { fetchHandler } from "fanfare/fetch";
import { Hosts } from "../../src/transports/hosts.ts";
import { NotingLog } from "../server/noting-log.ts";
import { echoSchema, echoServer } from "./http/http-server.ts";
import { WebSocketClient } from "./websocket-client.ts";

describe("The names under which clients reach a server", () => {
  it.each<[string, readonly string[] | undefined, string | undefined, boolean]>([
    ["any, where none are given", undefined, "evil.example", true],
    ["also none at all", undefined, undefined, true],
    ["one of them", ["a.example", "b.example"], "b.example", true],
    ["one of them at any port, if it has none", ["a.example"], "a.example:8443", true],
    ["one of them at its port", ["localhost:4000"], "localhost:4000", true],
    ["one of them at another port", ["localhost:4000"], "localhost:4001", false],
    ["one with a port, without it", ["localhost:4000"], "localhost", false],
    ["one of them in capitals", ["A.example"], "a.EXAMPLE", true],
    ["an address of IPv6", ["[::1]"], "[::1]:4000", true],
    ["another address of IPv6", ["[::1]"], "[::2]:4000", false],
    ["another name", ["a.example"], "evil.example", false],
    ["one that ends with theirs", ["a.example"], "evila.example", false],
    ["one that begins with theirs", ["a.example"], "a.example.evil", false],
    ["a name below theirs", ["a.example"], "x.a.example", false],
    ["none at all", ["a.example"], undefined, false],
    ["an empty one", ["a.example"], "", false],
    ["one of an empty list", [], "a.example", false],
  ])("%s", (_what, names, host, isMeant) => {
    expect(new Hosts(names).has(host)).toBe(isMeant);
  });

  it.each<[unknown, string]>([
    ["a.example", 'hosts must be a list of host names, not "a.example". Write ["a.example"]'],
    [
      ["https://a.example/graphql"],
      'hosts[0] must be a host name, such as api.example.com or localhost:4000, not "https://a.example/graphql". Write "a.example"',
    ],
    [["a.example", "a b"], 'hosts[1] must be a host name, such as api.example.com or localhost:4000, not "a b"'],
    [["*.example"], 'hosts[0] must be a host name, such as api.example.com or localhost:4000, not "*.example"'],
    [[5], "hosts[0] must be a host name, such as api.example.com or localhost:4000, not 5"],
  ])("cannot be %j", (hosts, problem) => {
    const create = () => Reflect.apply(createFanfare, undefined, [{ schema: echoSchema, hosts }]);
    expect(create).toThrow(expect.objectContaining({ code: "BAD_OPTION", message: expect.stringContaining(problem) }));
  });
});

/** What is answered to a page of this host. */
async function statusAndBody(
  url: string,
  method: string,
  host: string,
  body?: string,
): Promise<readonly [number | undefined, string]> {
  const headers = { host, origin: `http://${host}`, "content-type": "application/json" };
  const request = httpRequest(url, { method, headers }).end(body);
  const [response] = await once(request, "response");
  const chunks: Buffer[] = await response.toArray();
  return [response.statusCode, Buffer.concat(chunks).toString()];
}

describe("A request with another name in its Host header (DNS rebinding)", () => {
  const hosts = ["127.0.0.1", "api.example"];
  const rebound = "evil.example:4000";

  it.each(["GET", "POST", "PUT", "DELETE"])("is answered with 421, whatever its page sends: %s", async (method) => {
    await using server = await echoServer({ hosts });
    const body = method === "POST" ? JSON.stringify({ query: "mutation { change }" }) : undefined;
    const refused = JSON.stringify({ errors: [{ message: "Host not allowed" }] });
    expect(await statusAndBody(server.url, method, rebound, body)).toEqual([421, refused]);
    const [status] = await statusAndBody(server.url, method, `api.example:${server.port}`, body);
    expect(status).not.toBe(421);
  });

  it("is refused as a WebSocket, and the operator told how to allow it", async () => {
    const log = new NotingLog();
    await using server = await echoServer({ hosts, log });
    const url = server.url.replace("http", "ws");
    const headers = { host: rebound, origin: `http://${rebound}` };
    using refused = new WebSocketClient(url, "graphql-transport-ws", { headers });
    expect(await refused.ended).toEqual({ status: 421, body: "Host not allowed" });
    expect(log.messages).toEqual([
      "A WebSocket was refused: Host not allowed. To allow it, add its host to the option `hosts: [ … ]`",
    ]);
  });

  it("closes a WebSocket with 4403 where refusals go by close code", async () => {
    await using server = await echoServer({ hosts, refusal: "close" });
    const headers = { host: rebound };
    using refused = new WebSocketClient(server.url.replace("http", "ws"), "graphql-transport-ws", { headers });
    expect(await refused.ended).toEqual({ code: 4403, reason: "Host not allowed" });
  });

  it("is answered with 421 by the Fetch standard, where the name may stand in the URL only", async () => {
    await using fanfare = createFanfare({ schema: echoSchema, log: silentLog, hosts } satisfies FanfareOptions);
    const handle = fetchHandler(fanfare);
    const search = `?${new URLSearchParams({ query: '{ echo(text: "x") }' }).toString()}`;
    const statusAt = async (host: string) => (await handle(new Request(`http://${host}/graphql${search}`))).status;
    expect([await statusAt("api.example"), await statusAt("evil.example")]).toEqual([200, 421]);
  });
});
