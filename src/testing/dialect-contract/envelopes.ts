import type { Chapter } from "../contract-suite.ts";
import type { Stage } from "./stage.ts";

/** Results as an engine writes them, without line breaks. */
const results = [
  "{}",
  '{"data":{"n":1}}',
  JSON.stringify({ data: { text: 'quotes " \\, breaks \n \r \u2028, } { ] [ 🏊' } }),
  '{"data":null,"errors":[{"message":"data: next\\n\\n","path":["a",0]}],"extensions":{"fanfare":{}}}',
  JSON.stringify({ data: { long: "é".repeat(50_000) } }),
];

export const envelopes: Chapter<Stage> = {
  name: "results",
  cases: [
    {
      name: "makes one whole message of head, result and tail",
      async run(stage) {
        for (const { id } of stage.operations) {
          const read = results.map((json) => stage.read(stage.result(id, json)).result);
          stage.expect(read).toEqual(results.map((json): unknown => JSON.parse(json)));
        }
      },
    },
    {
      name: "encodes the operation's id in an envelope",
      async run(stage) {
        const named = stage.operations.map(({ id }) => stage.read(stage.result(id, "{}")).id);
        stage.expect(named).toEqual(stage.operations.map(({ given }) => given));
      },
    },
    {
      name: "makes the same envelope for the same operation, and never changes returned ones",
      async run(stage) {
        const { operations } = stage;
        const messages = stage.messages.slice(0, 50);
        const made = operations.map(({ id }) => stage.dialect.envelope(id));
        const text = (): readonly string[] =>
          made.map(({ head, tail }) => Buffer.concat([head, tail]).toString("latin1"));
        const before = text();
        // More envelopes than fit into a block of memory from which a dialect may cut them.
        for (let round = 0; round < 100; round += 1) {
          for (const { id } of operations) stage.dialect.envelope(id);
          for (const message of messages) stage.dialect.encode(message);
        }
        stage.expect(text()).toEqual(before);
        const again = operations.map(({ id }) => Buffer.from(stage.result(id, "")).toString("latin1"));
        stage.expect(again).toEqual(before);
      },
    },
  ],
};
