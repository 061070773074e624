import type { Result } from "../driver.ts";
import { shown, type GraphQLResult } from "./graphql-result.ts";

/** The endpoint of a WebSocket, for HTTP. */
export function httpUrl(url: string): string {
  return url.replace(/^ws/, "http");
}

/** Sends a query or a mutation as clients do whose connections have no room for it: each as a request of its own. */
export async function httpRequest(url: string, query: string): Promise<Result> {
  const response = await fetch(httpUrl(url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
  const result: GraphQLResult = await response.json();
  return shown(result);
}
