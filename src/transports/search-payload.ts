import type { JsonObject } from "../base/json.ts";
import type { HttpBody, ParseJson } from "./http-body.ts";
import { problem } from "./http-reply.ts";

export function searchOf(url: string): URLSearchParams {
  return new URLSearchParams(url.split("?")[1]);
}

/** The parameters of a request by GET, as the object that a body would be. */
export function searchPayload(url: string, parse: ParseJson): HttpBody {
  const search = searchOf(url);
  const [query, operationName] = [search.get("query"), search.get("operationName")];
  const objects: Record<string, JsonObject> = {};
  for (const name of ["variables", "extensions"]) {
    const text = search.get(name);
    const parsed = text ? parse(text) : undefined;
    if (!parsed) continue;
    if ("problem" in parsed) return { reply: problem(400, `${name}: ${parsed.problem}`) };
    objects[name] = parsed.object;
  }
  return { object: { query, operationName, ...objects } };
}
