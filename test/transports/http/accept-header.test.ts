import { describe, expect, it } from "vitest";
import { echoServer, firstResult } from "./http-server.ts";

const json = "application/json";
const result = "application/graphql-response+json";
const stream = "text/event-stream";

/** The type of the answer to a request; its status, if it is refused. */
async function answered(url: string, accept: string, query: string): Promise<string | number> {
  const headers = { accept, "content-type": json };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ query }) });
  if (!response.ok) return response.status;
  expect(await firstResult(response)).toHaveProperty("data");
  return response.headers.get("content-type")?.split(";")[0] ?? "";
}

describe("the type of an answer is the one that Accept prefers (PROTOCOL 7.6)", () => {
  it.each([
    [json, json],
    [result, result],
    [`${result}, ${json}`, result],
    [`${json}, ${result}`, json],
    [`${result};q=0.5, ${json}`, json],
    [`${json};q=0.1, ${result}`, result],
    [`${json}; q=0.5, ${result}; q=0.5`, json],
    [`${result}, ${json};q=0.9`, result],
    [`${result};q=0, ${json}`, json],
    [`${json};q=0, */*`, result],
    [`${json};q=0, */*;q=0.1`, result],
    [`*/*;q=0.1, application/*;q=0.2, ${result};q=0.3`, result],
    ["application/*", json],
    ["*/*", json],
    ["", json],
    ["text/html, */*;q=0.1", json],
    [`APPLICATION/JSON ; Q=0.1 , ${result} ; charset=utf-8`, result],
    [`${result}; charset=utf-16, ${json}`, json],
    [`${stream};q=0.1, ${json}`, json],
    [`${stream};q=0, ${json}`, json],
    [`${stream}, ${json};q=0.5`, stream],
    [`${json};q=0.5, ${stream}`, stream],
    [`${stream}, */*`, stream],
    [`${json};q=0`, 406],
    [`${stream};q=0`, 406],
    ["text/html", 406],
    ["*/*;q=0", 406],
  ])("Accept: %s gives a query %s", async (accept, expected) => {
    await using server = await echoServer();
    expect(await answered(server.url, accept, '{ echo(text: "x") }')).toBe(expected);
  });

  it.each([
    [`${stream};q=0.1, ${json}`, stream],
    [`${json}, ${stream};q=0.1`, stream],
    [`${stream};q=0, ${json}`, 406],
    ["*/*", 406],
  ])("Accept: %s gives a subscription %s", async (accept, expected) => {
    await using server = await echoServer();
    expect(await answered(server.url, accept, 'subscription { said(room: "a") }')).toBe(expected);
  });
});
