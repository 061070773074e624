import * as fc from "fast-check";

/** A request to the path of GraphQL, in parts. */
export interface HttpRequest {
  readonly method: string;
  readonly accept: string | undefined;
  readonly contentType: string;
  /** Shows that no other site's page has made it (PROTOCOL 7.3). */
  readonly preflighted: boolean;
  /** Of a single stream that there is not. */
  readonly token: string | undefined;
  /** The body of a POST; of a GET what stands in its URL. */
  readonly parameters: { readonly query: unknown; readonly variables?: unknown; readonly operationName?: unknown };
  /** Takes the place of the body. */
  readonly text: string | undefined;
}

const queries = fc.constantFrom(
  "{ hi }",
  "{ held }",
  "mutation { touch }",
  "query A { hi } query B { held }",
  "query A($a: Int!) { add(a: $a) }",
  'subscription { ticks(room: "lobby") { n } }',
  "subscription A($room: String!) { latest(room: $room) { n } }",
  "subscription { ticks }",
  "{ nothing }",
  "{",
  "",
);

/** Mostly right, so that what is wrong meets a server that would do something. */
function mostly<Value>(right: readonly Value[], wrong: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: wrong });
}

export const arbitraryRequest: fc.Arbitrary<HttpRequest> = fc.record({
  method: mostly(["POST", "POST", "POST", "GET", "GET"], fc.constantFrom("PUT", "DELETE", "PATCH", "OPTIONS")),
  accept: mostly<string | undefined>(
    ["text/event-stream", "text/event-stream", "application/json", undefined],
    fc.constantFrom("text/html", "image/png"),
  ),
  contentType: mostly(
    ["application/json", "application/json; charset=utf-8"],
    fc.constantFrom("text/plain", "application/jsonx", "multipart/form-data; boundary=x", ""),
  ),
  preflighted: mostly([true], fc.constant(false)),
  token: mostly<string | undefined>([undefined], fc.constantFrom("x", "__proto__", "constructor")),
  parameters: fc.record(
    {
      query: fc.oneof({ weight: 12, arbitrary: queries }, { weight: 1, arbitrary: fc.jsonValue() }),
      variables: mostly<unknown>(
        [{ a: 1 }, { a: "1" }, { room: "lobby" }, null],
        fc.oneof(fc.jsonValue(), fc.constant({ ["__proto__"]: {} })),
      ),
      operationName: mostly<unknown>(["A", null], fc.jsonValue()),
    },
    { requiredKeys: ["query"] },
  ),
  text: mostly<string | undefined>([undefined], fc.oneof(fc.string(), fc.json(), fc.constant('{"query":"{ hi }"'))),
});

/** The bytes of a request, after which its connection has no other. */
export function bytesOf(request: HttpRequest): Buffer {
  const { method, accept, contentType, preflighted, token } = request;
  const body = method === "POST" ? bodyOf(request) : "";
  const target = method === "GET" ? `/graphql?${searchOf(request)}` : "/graphql";
  const headers = {
    Host: "127.0.0.1",
    Connection: "close",
    ...(accept !== undefined && { Accept: accept }),
    ...(method === "POST" && { "Content-Type": contentType, "Content-Length": String(Buffer.byteLength(body)) }),
    ...(preflighted ? { "x-requested-with": "test" } : { Cookie: "a=b" }),
    ...(token !== undefined && { "X-GraphQL-Event-Stream-Token": token }),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}

export function bodyOf({ parameters, text }: HttpRequest): string {
  return text ?? JSON.stringify(parameters);
}

/** Texts stand in a URL as they are, and everything else as JSON. */
function searchOf({ parameters }: HttpRequest): URLSearchParams {
  const entries = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(
    entries.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Requests in whose bytes something was changed, lost or added. */
export const arbitraryBytes: fc.Arbitrary<Buffer> = fc
  .tuple(arbitraryRequest, fc.array(fc.tuple(fc.nat(2_000), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 3 }))
  .map(([request, changes]) => {
    let bytes = bytesOf(request);
    for (const [place, byte, what] of changes) {
      const at = place % bytes.length;
      const rest = bytes.subarray(what === 2 ? at : at + 1);
      bytes = Buffer.concat([bytes.subarray(0, at), what === 1 ? Buffer.alloc(0) : Buffer.of(byte), rest]);
    }
    return bytes;
  });
