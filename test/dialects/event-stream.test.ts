import { createParser } from "eventsource-parser";
import { GraphQLError } from "graphql";
import { print } from "graphql-sse";
import { describe, expect, it } from "vitest";
import type { Dialect } from "../../src/dialects/dialect.ts";
import { eventStream, singleEventStream } from "../../src/dialects/event-stream.ts";
import type { ServerMessage } from "../../src/dialects/message.ts";

const text = (pieces: readonly Uint8Array[]) => Buffer.concat(pieces).toString();
const encoded = (dialect: Dialect, message: ServerMessage) => text(dialect.encode(message));

function result(dialect: Dialect, id: string, json: string): string {
  const { head, tail } = dialect.envelope(id);
  return text([head, Buffer.from(json), tail]);
}

/** The events that a parser of the HTML standard reads from a stream. */
function events(stream: string): readonly object[] {
  const found: object[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => found.push({ event, data }) });
  parser.feed(stream);
  return found;
}

const value = { data: { text: "line\nbreak\r\u2028 ключ 🏊" } };
const errors = [new GraphQLError("no\nway")];
const formatted = errors.map((error) => error.toJSON());
const dialects = [eventStream, singleEventStream];
const strangeId = 'a"\n\r\u2028ü';

describe("The event stream of one operation", () => {
  it("writes a result as the server of graphql-sse does", () => {
    expect(result(eventStream, "1", JSON.stringify(value))).toBe(print({ event: "next", data: value }));
  });

  it("writes errors from before the execution as a result and the end", () => {
    expect(encoded(eventStream, { type: "error", id: "1", errors: formatted })).toBe(
      `${print({ event: "next", data: { errors } })}event: complete\ndata: \n\n`,
    );
  });

  it("writes the end with empty data, without which an EventSource would ignore it", () => {
    const end = encoded(eventStream, { type: "complete", id: "1" });
    expect(end).toBe("event: complete\ndata: \n\n");
    expect(events(end)).toEqual([{ event: "complete", data: "" }]);
  });

  it("has one envelope for all operations", () => {
    expect(eventStream.envelope("1")).toBe(eventStream.envelope("2"));
  });
});

describe("The event stream of many operations", () => {
  it.each(["1", strangeId])("writes a result of %j as the server of graphql-sse does", (id) => {
    const written = result(singleEventStream, id, JSON.stringify(value));
    expect(written).toBe(print({ event: "next", data: { id, payload: value } }));
    expect(events(written)).toEqual([{ event: "next", data: JSON.stringify({ id, payload: value }) }]);
  });

  it.each(["1", strangeId])("writes errors of %j from before the execution as a result and the end", (id) => {
    expect(encoded(singleEventStream, { type: "error", id, errors: formatted })).toBe(
      print({ event: "next", data: { id, payload: { errors } } }) + print({ event: "complete", data: { id } }),
    );
  });

  it.each(["1", strangeId])("writes the end of %j as the server of graphql-sse does", (id) => {
    expect(encoded(singleEventStream, { type: "complete", id })).toBe(print({ event: "complete", data: { id } }));
  });
});

describe.each(dialects)("$name", (dialect) => {
  it("writes the acknowledgement as a comment, which is no event", () => {
    const comment = encoded(dialect, { type: "ack", payload: { secret: 1 } });
    expect(comment).toBe(":\n\n");
    expect(events(comment)).toEqual([]);
  });

  it.each<ServerMessage>([
    { type: "opened" },
    { type: "refused", reason: "no" },
    { type: "keepAlive" },
    { type: "ping", payload: undefined },
    { type: "pong", payload: undefined },
    { type: "started", id: "1" },
    { type: "invalid", id: "1", reason: "no" },
  ])("writes nothing for $type", (message) => {
    expect(dialect.encode(message)).toEqual([]);
  });

  it("decodes the messages that the transport makes of requests", () => {
    expect(dialect.decode('{"type":"connection_init"}')).toEqual({ type: "init", payload: undefined });
    expect(dialect.decode('{"type":"subscribe","id":"1","payload":{"query":"{hi}","variables":null}}')).toEqual({
      type: "subscribe",
      id: "1",
      request: { query: "{hi}", operationName: undefined, variables: undefined, extensions: undefined },
    });
    expect(dialect.decode('{"type":"complete","id":"1"}')).toEqual({ type: "complete", id: "1" });
    expect(dialect.decode('{"type":"subscribe","id":"1","payload":{}}')).toEqual({
      type: "invalid",
      id: "1",
      reason: '"query" must be a string',
    });
  });
});
