import { createHash } from "node:crypto";
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import * as apollo3 from "apollo-client-3/core";
import { createPersistedQueryLink } from "apollo-client-3/link/persisted-queries";
import { SubscriptionClient } from "subscriptions-transport-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { echoServer } from "../transports/http/http-server.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const query = 'query Asked { echo(text: "x") }';
const headers = { "x-requested-with": "test" };

type Ask = (uri: string, method: "GET" | "POST") => Promise<unknown>;

/** Apollo Client, which sends a hash in place of its documents until it is told that this is not supported. */
const clients: Readonly<Record<string, Ask>> = {
  async "Apollo Client 4"(uri, method) {
    const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: method === "GET" });
    const link = ApolloLink.from([persisted, new HttpLink({ uri, headers })]);
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    return (await client.query({ query: gql(query) })).data;
  },
  async "Apollo Client 3"(uri, method) {
    const persisted = createPersistedQueryLink({ sha256, useGETForHashedQueries: method === "GET" });
    const link = apollo3.from([persisted, new apollo3.HttpLink({ uri, headers })]);
    const client = new apollo3.ApolloClient({ link, cache: new apollo3.InMemoryCache() });
    return (await client.query({ query: apollo3.gql(query) })).data;
  },
};

describe.each(Object.entries(clients))("automatic persisted queries of %s", (_name, ask) => {
  it.each(["GET", "POST"] as const)("fall back to whole documents, by %s", async (method) => {
    await using server = await echoServer();
    expect(await ask(server.url, method)).toEqual({ echo: "x" });
  });
});

it("A hook puts a document in for a client of the dialect graphql-ws, as onOperation of its own server did", async () => {
  await using server = await echoServer({
    onOperation: (request) => ({ ...request, query: `subscription { said(room: "${request.query}") }` }),
  });
  const client = new SubscriptionClient(server.url.replace("http", "ws"), {}, WebSocket);
  const heard = Promise.withResolvers<unknown>();
  client.request({ query: "attic" }).subscribe({ next: heard.resolve, error: heard.reject });
  expect(await heard.promise).toEqual({ data: { said: "attic" } });
  client.close();
});
