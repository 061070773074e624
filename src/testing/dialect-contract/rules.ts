import type { ServerMessage } from "../../dialects/message.ts";
import type { Chapter } from "../contract-suite.ts";
import type { Stage } from "./stage.ts";

export const rules: Chapter<Stage> = {
  name: "rules",
  cases: [
    {
      name: "has a name that is allowed as a subprotocol",
      async run(stage) {
        // RFC 6455 demands that a subprotocol is a token (RFC 9110, 5.6.2).
        stage.expect(/^[\w!#$%&'*+.^`|~-]+$/.test(stage.dialect.name)).toBe(true);
      },
    },
    {
      name: "has a value for each rule",
      async run(stage) {
        const { duplicate, early, invalid, ...flags } = stage.dialect.rules;
        stage.expect(["close", "wait"].includes(early)).toBe(true);
        stage.expect(["close", "replace", "succeed"].includes(duplicate)).toBe(true);
        stage.expect(["close", "answer"].includes(invalid)).toBe(true);
        const { echoesComplete, endsWithOperation, singleResults, tellsLive } = flags;
        const types = [echoesComplete, endsWithOperation, singleResults, tellsLive].map((flag) => typeof flag);
        stage.expect(types).toEqual(types.map(() => "boolean"));
      },
    },
    {
      name: "has a close code and a reason for refusals that a close frame can carry",
      async run(stage) {
        const { code, reason } = stage.dialect.rules.refused;
        stage.expect(mayBeSent(code)).toBe(true);
        stage.expect(Buffer.byteLength(reason) <= 123).toBe(true);
      },
    },
    {
      name: "encodes an invalid message if its rules say `answer`, and nothing otherwise",
      async run(stage) {
        const refusals = stage.refusals.map(({ id, reason }): ServerMessage => ({ type: "invalid", id, reason }));
        const answers = (message: ServerMessage): boolean => stage.dialect.encode(message).length > 0;
        const isAnswered = stage.dialect.rules.invalid === "answer";
        stage.expect(refusals.some(answers)).toBe(isAnswered);
        // A refusal that names an operation must be answered, since its client waits.
        const unanswered = refusals.filter(
          (message) => "id" in message && message.id !== undefined && !answers(message),
        );
        if (isAnswered) stage.expect(unanswered).toEqual([]);
      },
    },
    {
      name: "encodes `started` if its rules have `tellsLive`, and nothing otherwise",
      async run(stage) {
        stage.expect(toldOf(stage, "started")).toEqual([stage.dialect.rules.tellsLive]);
      },
    },
    {
      name: "encodes `complete` if its rules need it",
      async run(stage) {
        const { echoesComplete, singleResults } = stage.dialect.rules;
        if (echoesComplete || singleResults) stage.expect(toldOf(stage, "complete")).toEqual([true]);
      },
    },
  ],
};

/** Whether messages of a type are written: one value if that is the same for all operations. */
function toldOf(stage: Stage, type: ServerMessage["type"]): readonly boolean[] {
  const told = stage.operations
    .flatMap(({ id }) => stage.about(id))
    .filter((message) => message.type === type)
    .map((message) => stage.dialect.encode(message).length > 0);
  return [...new Set(told)];
}

/** Whether a close frame may carry a code: RFC 6455, 7.4, and IANA's registry. */
function mayBeSent(code: number): boolean {
  if (code >= 3000) return code < 5000;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
