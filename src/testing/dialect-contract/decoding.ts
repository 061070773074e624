import { isObject, isOptionalObject, isOptionalString } from "../../base/json.ts";
import type { ClientMessage } from "../../dialects/message.ts";
import type { Chapter } from "../contract-suite.ts";
import type { DialectCase } from "./case.ts";
import type { Stage } from "./stage.ts";

export const decoding: Chapter<Stage, DialectCase> = {
  name: "decoding",
  cases: [
    {
      name: "decodes any text without throwing",
      async run(stage) {
        const odd = stage.texts.filter((text) => !isMessage(stage.dialect.decode(text)));
        stage.expect(odd).toEqual([]);
      },
    },
    {
      name: "decodes malformed text as an invalid message",
      async run(stage) {
        const taken = stage.junk.filter((text) => stage.dialect.decode(text).type !== "invalid");
        stage.expect(taken).toEqual([]);
      },
    },
    {
      name: "gives the reason of an invalid message in at most 123 bytes, without control characters",
      async run(stage) {
        const reasons = new Set(stage.refusals.map(({ reason }) => reason));
        const bad = [...reasons].filter((reason) => reason === "" || Buffer.byteLength(reason) > 123);
        stage.expect(bad).toEqual([]);
        stage.expect([...reasons].filter((reason) => /\p{Cc}/u.test(reason))).toEqual([]);
      },
    },
    {
      name: "lets no key `__proto__` pass (prototype pollution)",
      async run(stage) {
        const hostile = stage.samples.flatMap((text) =>
          [...text.matchAll(/\{/g)].flatMap(({ index }) =>
            ['"__proto__":{"a":1},', '"\\u005f_proto__":{"a":1},'].map(
              (key) => text.slice(0, index + 1) + key + text.slice(index + 1),
            ),
          ),
        );
        const passed = [...hostile, ...stage.texts].filter((text) => hasPrototypeKey(stage.dialect.decode(text)));
        stage.expect(passed).toEqual([]);
      },
    },
    {
      name: "decodes the messages of its clients",
      needs: ["transcript"],
      async run(stage) {
        const { transcript = [] } = stage.options;
        const read = transcript.map(([text]) => stage.dialect.decode(text));
        stage.expect(read).toEqual(transcript.map(([, says]) => says));
      },
    },
    {
      name: "starts an operation with any id, and maps different ids to different ids",
      needs: ["subscribe"],
      async run(stage) {
        const query = 'subscription { car(make: "\\"🏊\\"") { id } }';
        const queries = stage.operations.map(({ given }) => {
          const message = stage.dialect.decode(stage.options.subscribe?.(given, query) ?? "");
          return message.type === "subscribe" ? message.request.query : message;
        });
        stage.expect(queries).toEqual(queries.map(() => query));
        stage.expect(new Set(stage.operations.map(({ id }) => id)).size).toBe(queries.length);
      },
    },
    {
      name: "decodes a text to the same message, whatever came before (statelessness)",
      async run(stage) {
        const { texts } = stage;
        const first = texts.map((text) => stage.dialect.decode(text));
        const again = texts.toReversed().map((text) => stage.dialect.decode(text));
        const other = stage.options.create();
        stage.expect(again.toReversed()).toEqual(first);
        stage.expect(texts.map((text) => other.decode(text))).toEqual(first);
      },
    },
  ],
};

/** Whether a value is a message: a dialect in plain JavaScript may return anything. */
function isMessage(message: ClientMessage): boolean {
  switch (message.type) {
    case "init":
    case "ping":
    case "pong":
      return isOptionalObject(message.payload);
    case "subscribe": {
      const { id, request } = message;
      const { extensions, operationName, query, variables } = request;
      const isRequest = typeof query === "string" && isOptionalString(operationName);
      return isRequest && typeof id === "string" && isOptionalObject(variables) && isOptionalObject(extensions);
    }
    case "complete":
      return typeof message.id === "string";
    case "terminate":
      return true;
    case "invalid":
      return typeof message.reason === "string" && isOptionalString(message.id);
    default:
      return false;
  }
}

function hasPrototypeKey(message: ClientMessage): boolean {
  const open: unknown[] = [message];
  while (open.length > 0) {
    const value = open.pop();
    if (isObject(value) && (Object.hasOwn(value, "__proto__") || "a" in (Object.getPrototypeOf(value) ?? {})))
      return true;
    if (typeof value === "object" && value !== null) open.push(...Object.values(value));
  }
  return false;
}
