import type { GraphQLSchema } from "graphql";
import { bodyOf, type HttpRequest } from "../arbitrary-request.ts";
import { isObject, readObject, type JsonObject } from "./json-object.ts";
import { outcomeOf, readRequest } from "./request.ts";

/** What an answer may be: a status of what is wrong, or what a request is for. */
export type Expected =
  | { readonly statuses: readonly number[] }
  | { readonly type: "json" | "stream"; readonly outcome: "error" | "result" | "events" };

/** What PROTOCOL 7 and 11 say to a request. Where several things are wrong, any of their statuses is right. */
export function expectedOf(schema: GraphQLSchema, request: HttpRequest): Expected {
  const { accept, contentType, method, preflighted, token } = request;
  const wrong = new Set<number>();
  if (!["GET", "POST", "PUT", "DELETE"].includes(method)) return { statuses: [405, 406] };
  const streams = accept === "text/event-stream";
  // A GET of something else than a stream is no business of a stream.
  if (token !== undefined && (streams || method !== "GET")) wrong.add(404);
  if (method === "PUT") return { statuses: [201, ...wrong] };
  if (method === "DELETE") return { statuses: [404] };
  if (method === "POST" && !/^application\/json(; charset=utf-8)?$/.test(contentType)) wrong.add(415);
  if (method === "GET" && !preflighted) wrong.add(403);
  const parameters = method === "POST" ? readObject(bodyOf(request)) : ofSearch(request);
  const asked = parameters && readRequest(parameters);
  if (!asked || (!streams && asked.query === "")) wrong.add(400);
  if (accept !== undefined && !streams && accept !== "application/json") wrong.add(406);
  const outcome = asked ? outcomeOf(schema, asked) : "error";
  // Whether its variables are right is not asked then.
  if (!streams && asked?.query.startsWith("subscription")) wrong.add(406).add(outcome === "error" ? 200 : 406);
  if (method === "GET" && /mutation/.test(asked?.query ?? "")) wrong.add(405).add(outcome === "error" ? 200 : 405);
  if (wrong.size > 0) return { statuses: [...wrong] };
  return { type: streams ? "stream" : "json", outcome };
}

/** What stands in the URL: texts, and JSON of the others. */
function ofSearch({ parameters }: HttpRequest): JsonObject | undefined {
  const { query, operationName, variables } = parameters;
  const isReadable = variables == null || (isObject(variables) && readObject(JSON.stringify(variables)) !== undefined);
  return isReadable ? { query: textOf(query), operationName: textOf(operationName), variables } : undefined;
}

function textOf(value: unknown): unknown {
  return value == null || typeof value === "string" ? value : JSON.stringify(value);
}
