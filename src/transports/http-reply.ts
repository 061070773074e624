import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Response } from "graphql-http";

/** An answer before it is sent: body and head, as graphql-http has it. */
export type HttpReply = Response;

/** An answer that says what is wrong, in the shape of a GraphQL result so that every client can show it. */
export function problem(status: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return [
    JSON.stringify({ errors: [{ message }] }),
    {
      status,
      statusText: STATUS_CODES[status] ?? "",
      headers: { "content-type": "application/json; charset=utf-8", ...headers },
    },
  ];
}

/** Sends a reply, unless the client has gone or was answered already. */
export function send(response: ServerResponse, [body, head]: HttpReply): void {
  if (response.destroyed || response.headersSent) return;
  const bytes = Buffer.from(body ?? "");
  response.writeHead(head.status, { ...head.headers, "content-length": bytes.length });
  response.end(bytes);
}
