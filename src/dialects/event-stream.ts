import { closeCodes } from "../base/close-code.ts";
import type { Dialect, DialectRules } from "./dialect.ts";
import { graphqlTransportWs } from "./graphql-transport-ws.ts";
import { lastingBytes } from "./lasting-bytes.ts";
import type { Envelope, ServerMessage } from "./message.ts";

const rules: DialectRules = {
  // One request opens the connection and starts its operation.
  early: "wait",
  duplicate: "close",
  invalid: "close",
  refused: closeCodes.forbidden,
  singleResults: true,
  // The client of graphql-sse opens a queue, and never removes it, for a message about an operation that it has
  // stopped.
  echoesComplete: false,
  tellsLive: false,
  endsWithOperation: false,
};

/**
 * Server-sent events with one operation per response: the "distinct connections mode" of graphql-sse. The operation
 * stands in the HTTP request, from which the transport makes an init and a subscribe message. An event stream has no
 * pings, so the transport sends comments.
 */
export const eventStream: Dialect = {
  name: "event-stream",
  rules: { ...rules, endsWithOperation: true },
  decode: (text) => requests.decode(text),
  encode: (message) => encodeWith(message, distinct),
  envelope: () => distinctEnvelope,
};

/** Any number of operations in one response, each result with its operation's id: the "single connection mode". */
export const singleEventStream: Dialect = {
  name: "event-stream-single",
  rules,
  decode: (text) => requests.decode(text),
  encode: (message) => encodeWith(message, single),
  envelope: (operationId) => ({ head: lastingBytes(`${next}{"id":${JSON.stringify(operationId)},"payload":`), tail }),
};

/** How the `data` field of a server-sent event is written. */
interface Layout {
  result(id: string, json: string): string;
  complete(id: string): string;
}

// JSON escapes line breaks, so a result is always one line of data.
const distinct: Layout = { result: (_id, json) => json, complete: () => "" };
const single: Layout = {
  result: (id, json) => `{"id":${JSON.stringify(id)},"payload":${json}}`,
  complete: (id) => `{"id":${JSON.stringify(id)}}`,
};

const requests = graphqlTransportWs();
const encoder = new TextEncoder();
const next = "event: next\ndata: ";
const blankLine = "\n\n";
const tail = encoder.encode(`}${blankLine}`);
const distinctEnvelope: Envelope = { head: encoder.encode(next), tail: encoder.encode(blankLine) };
/** Some browsers report a stream as opened at its first bytes of body, not at its headers. */
const comment = encoder.encode(`:${blankLine}`);

function encodeWith(message: ServerMessage, layout: Layout): readonly Uint8Array[] {
  switch (message.type) {
    case "ack":
      return [comment];
    case "error": {
      const result = layout.result(message.id, JSON.stringify({ errors: message.errors }));
      return [encoder.encode(`${next}${result}${blankLine}`), complete(message.id, layout)];
    }
    case "complete":
      return [complete(message.id, layout)];
    case "opened":
    case "refused":
    case "keepAlive":
    case "started":
    case "ping":
    case "pong":
    case "invalid":
      return [];
  }
}

/** The `data` field must be there, though empty: an EventSource ignores an event without it. */
function complete(id: string, layout: Layout): Uint8Array {
  return encoder.encode(`event: complete\ndata: ${layout.complete(id)}${blankLine}`);
}
