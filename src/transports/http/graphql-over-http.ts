import { getOperationAST, GraphQLError, type DocumentNode } from "graphql";
import { createHandler, type Handler, type RequestParams } from "graphql-http";
import type { Peer } from "../../contract/peer.ts";
import type { FormattedResult, RequestEngine } from "../../contract/request-engine.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import type { ParseJson } from "./body.ts";
import { problem, type HttpReply } from "../exchange/reply.ts";

const resultType = "application/graphql-response+json";

const streamHint =
  "Subscriptions need a stream: use WebSocket (subprotocol graphql-transport-ws), " +
  "or server-sent events (Accept: text/event-stream) where this server offers them";

/** The GraphQL-over-HTTP specification by graphql-http, with Fanfare's own parsing, validation and execution. */
export function graphqlOverHttp(engine: RequestEngine, parseJson: ParseJson): Handler<unknown, Peer> {
  const handler = createHandler<unknown, Peer>({
    schema: engine.schema,
    parseRequestParams({ method, url }) {
      if (method === "GET") checkSearch(url, parseJson);
    },
    async onSubscribe({ method, context: peer }, params) {
      const accept = peer.header("accept");
      const document = parse(engine, params.query);
      if (document instanceof GraphQLError) return replyOf(failure(engine, [document]), accept);
      const operation = getOperationAST(document, params.operationName)?.operation;
      if (operation === "subscription" && !engine.isCommand(document, params.operationName ?? undefined)) {
        return problem(406, streamHint);
      }
      const errors = engine.validate(document);
      if (errors.length > 0) return replyOf(failure(engine, errors), accept);
      if (operation !== undefined && operation !== "query" && method === "GET") {
        return problem(405, `A ${operation} must be sent by POST`, { allow: "POST" });
      }
      return replyOf(await engine.execute(peer, document, requestOf(params)), accept);
    },
  });
  return async (request) => explained(await handler(request));
}

/** Adds an error message to a response without a body, which graphql-http sends for a bad method or `Accept` header. */
function explained(reply: HttpReply): HttpReply {
  const [body, { status, statusText, headers }] = reply;
  if (body !== null) return reply;
  const types = `This URL answers with ${resultType} or application/json.`;
  return problem(status, status === 406 ? `${types} ${streamHint}` : statusText, headers);
}

/** Formats errors here: graphql-http does not recognise those of another copy of graphql (dual package hazard). */
function failure(engine: RequestEngine, errors: readonly GraphQLError[]): FormattedResult {
  return { errors: errors.map((error) => engine.formatError(error)) };
}

/** @throws an Error for malformed JSON, which graphql-http answers with 400. */
function checkSearch(url: string, parseJson: ParseJson): void {
  const search = new URLSearchParams(url.split("?")[1]);
  for (const name of ["variables", "extensions"]) {
    const text = search.get(name);
    const parsed = text ? parseJson(text) : undefined;
    if (parsed && "problem" in parsed) throw new Error(`${name}: ${parsed.problem}`);
  }
}

function parse(engine: RequestEngine, query: string): DocumentNode | GraphQLError {
  try {
    return engine.parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}

function requestOf({ query, operationName, variables, extensions }: RequestParams): OperationRequest {
  return {
    query,
    operationName: operationName ?? undefined,
    variables: variables ?? undefined,
    extensions: extensions ?? undefined,
  };
}

/** The response of a result. For application/json the status is 200 even with errors, as its clients expect. */
function replyOf(result: FormattedResult, accept: string = "*/*"): HttpReply {
  const type = prefersResultType(accept) ? resultType : "application/json";
  const isRequestError = result.data === undefined && type === resultType;
  return [
    JSON.stringify(result),
    {
      status: isRequestError ? 400 : 200,
      statusText: isRequestError ? "Bad Request" : "OK",
      headers: { "content-type": `${type}; charset=utf-8` },
    },
  ];
}

/** Content negotiation: whether the first supported media type is the result type, as graphql-http decides. */
function prefersResultType(accept: string): boolean {
  const types = accept.split(",").map((entry) => entry.split(";")[0]?.trim().toLowerCase() ?? "");
  const known = types.find((type) => [resultType, "application/json", "application/*", "*/*"].includes(type));
  return known === resultType;
}
