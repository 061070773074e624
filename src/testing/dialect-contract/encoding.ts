import type { ServerMessage } from "../../dialects/message.ts";
import type { Chapter } from "../contract-suite.ts";
import type { Stage } from "./stage.ts";

export const encoding: Chapter<Stage> = {
  name: "encoding",
  cases: [
    {
      name: "encodes each message as zero or more whole messages, without throwing",
      async run(stage) {
        const odd = stage.messages.filter((message) => !isWhole(stage, message));
        stage.expect(odd).toEqual([]);
      },
    },
    {
      name: "encodes the operation's id in messages about an operation",
      async run(stage) {
        for (const { given, id } of stage.operations) {
          const written = stage.about(id).flatMap((message) => stage.dialect.encode(message));
          stage.expect(written.length > 0).toBe(true);
          stage.expect(written.map((bytes) => stage.read(bytes).id)).toEqual(written.map(() => given));
        }
      },
    },
    {
      name: "encodes an operation's error",
      async run(stage) {
        const silent = stage.operations
          .flatMap(({ id }) => stage.about(id))
          .filter((message) => message.type === "error" && stage.dialect.encode(message).length === 0);
        stage.expect(silent).toEqual([]);
      },
    },
    {
      name: "encodes a message to the same bytes each time, and never changes returned bytes",
      async run(stage) {
        const { messages } = stage;
        const first = messages.map((message) => stage.dialect.encode(message));
        const copies = first.map(copied);
        const again = messages.toReversed().map((message) => copied(stage.dialect.encode(message)));
        const other = stage.options.create();
        stage.expect(first.map(copied)).toEqual(copies);
        stage.expect(again.toReversed()).toEqual(copies);
        stage.expect(messages.map((message) => copied(other.encode(message)))).toEqual(copies);
      },
    },
    {
      name: "does not change the messages that it encodes",
      async run(stage) {
        for (const message of stage.messages) stage.dialect.encode(frozen(structuredClone(message)));
      },
    },
  ],
};

function isWhole(stage: Stage, message: ServerMessage): boolean {
  return stage.dialect.encode(message).every((bytes) => {
    stage.read(bytes);
    return bytes.length > 0;
  });
}

function copied(written: readonly Uint8Array[]): readonly string[] {
  return written.map((bytes) => Buffer.from(bytes).toString("latin1"));
}

/** Freezes a value deeply: in strict mode, a write to it throws. */
function frozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}
