import type { Response } from "graphql-http";

/** A response before it is sent: body and head, of the type that graphql-http has. */
export type HttpReply = Response;

/** A response with an error, in the shape of a GraphQL result so that clients can show its message. */
export function problem(status: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return [
    JSON.stringify({ errors: [{ message }] }),
    {
      status,
      statusText: "",
      headers: { "content-type": "application/json; charset=utf-8", ...headers },
    },
  ];
}

/** A response of plain text, or without a body. */
export function plain(status: number, text: string | null = null): HttpReply {
  const headers = text === null ? {} : { "content-type": "text/plain; charset=utf-8" };
  return [text, { status, statusText: "", headers }];
}
