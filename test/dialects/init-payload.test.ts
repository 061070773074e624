import { describe, expect, it } from "vitest";
import { graphqlSubscriptions, graphqlTransportWs, graphqlWs } from "fanfare/dialects";
import { play } from "./transcript.ts";
import { Users } from "./users.ts";

describe("The payload of an init", () => {
  const older = [
    [graphqlWs(), "connection_init", "connection_ack"],
    [graphqlTransportWs({ anyPayload: true }), "connection_init", "connection_ack"],
    [graphqlSubscriptions(), "init", "init_success"],
  ] as const;

  it.each(older)(
    "may be any JSON in $name, and reaches onConnect; an empty text and null are none (PROTOCOL 10.12)",
    async (dialect, init, acknowledgement) => {
      for (const [payload, params] of [
        ["", {}],
        [null, {}],
        ["token", { payload: "token" }],
        [7, { payload: 7 }],
        [false, { payload: false }],
        [["a"], { payload: ["a"] }],
        [{ a: 1 }, { a: 1 }],
      ]) {
        const seen: unknown[] = [];
        await using users = new Users({ onConnect: (given) => void seen.push(given) });
        const text = `C> ${JSON.stringify({ type: init, payload })}\nS> {"type":"${acknowledgement}"}`;
        await play(users.fanfare, dialect, text);
        expect(seen).toEqual([params]);
      }
    },
  );

  it("must be an object in graphql-transport-ws (PROTOCOL 2.2)", async () => {
    await using users = new Users();
    const text = `C> {"type":"connection_init","payload":""}\nS> close 4400`;
    await play(users.fanfare, graphqlTransportWs(), text);
  });
});
