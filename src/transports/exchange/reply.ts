import type { Response } from "graphql-http";

/** An answer before it is sent: body and head, as graphql-http has it. */
export type HttpReply = Response;

/** An answer that says what is wrong, in the shape of a GraphQL result so that every client can show it. */
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

/** An answer of plain text, or of nothing. */
export function plain(status: number, text: string | null = null): HttpReply {
  const headers = text === null ? {} : { "content-type": "text/plain; charset=utf-8" };
  return [text, { status, statusText: "", headers }];
}
