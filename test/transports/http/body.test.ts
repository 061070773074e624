import { describe, expect, it } from "vitest";
import { echoServer, fetchServer, firstResult } from "./http-server.ts";

describe.each([
  ["Node's server", echoServer],
  ["a server of fetch", fetchServer],
])("what stands in a URL, for %s", (_name, start) => {
  const preflight = { "x-graphql-require-preflight": "1" };
  const stream = { ...preflight, accept: "text/event-stream" };

  it.each([
    ["a query", "?query={echo(text:%22really?%22)}", preflight, { data: { echo: "really?" } }],
    [
      "a name",
      "?query=query a{echo(text:%22?%22)}&operationName=a?",
      preflight,
      { errors: [expect.objectContaining({ message: 'Unknown operation named "a?".' })] },
    ],
    [
      "variables",
      "?query=query($t:String){echo(text:$t)}&variables={%22t%22:%22a?b?%22}",
      preflight,
      { data: { echo: "a?b?" } },
    ],
    ["the query of a stream", "?query=subscription{said(room:%22what?%22)}", stream, { data: { said: "what?" } }],
    [
      "the variables of a stream",
      "?query=subscription($r:String){said(room:$r)}&variables={%22r%22:%22what?%22}",
      stream,
      { data: { said: "what?" } },
    ],
    ["extensions", "?extensions={%22a%22:%22?%22}&query={echo(text:%22x%22)}", preflight, { data: { echo: "x" } }],
  ])("may have a second question mark in %s", async (_part, search, headers, expected) => {
    await using server = await start();
    expect(await firstResult(await fetch(server.url + search, { headers }))).toEqual(expected);
  });

  it("may have one in the id of an operation", async () => {
    await using server = await start();
    const token = await (await fetch(server.url, { method: "PUT" })).text();
    const operation = { query: 'subscription { said(room: "a") }', extensions: { operationId: "what?" } };
    const headers = { "content-type": "application/json", "x-graphql-event-stream-token": token };
    const post = () => fetch(server.url, { method: "POST", headers, body: JSON.stringify(operation) });
    expect([(await post()).status, (await post()).status]).toEqual([202, 409]);
    await fetch(`${server.url}?token=${token}&operationId=what?`, { method: "DELETE" });
    expect((await post()).status).toBe(202);
  });
});
