import { closeCodes } from "../base/close-code.ts";
import type { Dialect, DialectRules } from "./dialect.ts";
import { graphqlTransportWs } from "./graphql-transport-ws.ts";
import { lastingBytes } from "./lasting-bytes.ts";
import type { Envelope, ServerMessage } from "./message.ts";

const rules: DialectRules = {
  // The request that asks for a connection asks for its operation as well.
  early: "wait",
  duplicate: "close",
  invalid: "close",
  refused: closeCodes.forbidden,
  singleResults: true,
  // The client of graphql-sse keeps a queue for whatever comes after it has stopped an operation.
  echoesComplete: false,
  tellsLive: false,
  endsWithOperation: false,
};

/**
 * One operation for each response, as graphql-sse calls it in distinct connections mode. What the client asks for
 * stands in its request; the transport makes the messages of `graphql-transport-ws` from it. A stream can carry no
 * ping, so the transport sends comments.
 */
export const eventStream: Dialect = {
  name: "event-stream",
  rules: { ...rules, endsWithOperation: true },
  decode: (text) => requests.decode(text),
  encode: (message) => encodeWith(message, distinct),
  envelope: () => distinctEnvelope,
};

/** Any number of operations in one response, each result with its operation's id: single connection mode. */
export const singleEventStream: Dialect = {
  name: "event-stream-single",
  rules,
  decode: (text) => requests.decode(text),
  encode: (message) => encodeWith(message, single),
  envelope: (operationId) => ({ head: lastingBytes(`${next}{"id":${JSON.stringify(operationId)},"payload":`), tail }),
};

/** How an event's data is written. */
interface Layout {
  result(id: string, json: string): string;
  complete(id: string): string;
}

// JSON has no line breaks but escaped ones, so that any result is one line of data.
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
/** Some browsers take a response for opened with its first bytes, and not with its headers. */
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

/** An EventSource passes over an event without data, even if that is empty. */
function complete(id: string, layout: Layout): Uint8Array {
  return encoder.encode(`event: complete\ndata: ${layout.complete(id)}${blankLine}`);
}
