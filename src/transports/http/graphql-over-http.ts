import type { EncodedResult, RequestEngine } from "../../contract/request-engine.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import type { HttpExchange } from "../exchange/exchange.ts";
import { problem, type HttpReply } from "../exchange/reply.ts";

const resultType = "application/graphql-response+json";

/** The media types of a result, that of the older convention first: it is the default. */
export const resultTypes: readonly string[] = ["application/json", resultType];

// Many clients show the first words of a message only.
const streamHint =
  "Use WebSocket (subprotocol graphql-transport-ws) or server-sent events (Accept: text/event-stream), where this " +
  "server offers them: a subscription needs a stream";

/** The response to a request whose Accept header has no type of this server. */
export const notAcceptable: HttpReply = problem(
  406,
  `This URL answers with ${resultTypes.toReversed().join(" or ")}. ${streamHint}`,
);

/** The response to a subscription that cannot be answered by a stream. */
export const needsStream: HttpReply = problem(406, streamHint);

/** The response to an operation that changes something and was sent by GET; undefined for one that reads. */
export function refusedByGet(kind: string | undefined): HttpReply | undefined {
  if (kind !== "mutation" && kind !== "command") return undefined;
  return problem(405, `A ${kind} must be sent by POST`, { allow: "POST" });
}

/** The response to a request by JSON; undefined for a subscription. */
export async function answerByJson(
  engine: RequestEngine,
  exchange: HttpExchange,
  request: OperationRequest,
  type: string,
): Promise<HttpReply | undefined> {
  const begun = await engine.begin(exchange.peer, request);
  if (begun.kind === "subscription") return undefined;
  const refused = exchange.method === "POST" ? undefined : refusedByGet(begun.kind);
  return refused ?? replyOf(await begun.run(), type);
}

/** GraphQL over HTTP: for application/json the status of an error of the request is 200, as its clients expect. */
function replyOf({ text, outcome }: EncodedResult, type: string): HttpReply {
  const isBad = outcome === "malformed" || (outcome === "refused" && type === resultType);
  return [text, { status: isBad ? 400 : 200, headers: { "content-type": `${type}; charset=utf-8` } }];
}
