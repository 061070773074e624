/** A response before it is sent: its body, its status, and its headers by lower-case names. */
export type HttpReply = readonly [
  body: string | null,
  head: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
];

/** A response with an error, in the shape of a GraphQL result so that clients can show its message. */
export function problem(status: number, message: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return [
    JSON.stringify({ errors: [{ message }] }),
    { status, headers: { "content-type": "application/json; charset=utf-8", ...headers } },
  ];
}

/** A response of plain text, or without a body. */
export function plain(status: number, text: string | null = null): HttpReply {
  return [text, { status, headers: text === null ? {} : { "content-type": "text/plain; charset=utf-8" } }];
}
