import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { socketContract } from "../../src/testing/socket-contract.ts";
import { CaseList } from "./case-list.ts";
import { type SocketBug, ToySocket } from "./toy-socket.ts";

/** Each mistake, and the case that finds it. */
const found = new Map<SocketBug, string>([
  ["reads headers from an object", "has its client's address, url and headers, also after the end"],
  ["forgets its client at the end", "has its client's address, url and headers, also after the end"],
  ["hands text over in pieces", "hands over its client's messages, whole and in order"],
  ["makes messages of text", "hands over its client's messages, whole and in order"],
  ["cannot be closed in the middle of a call", "is re-entrant: its session may write and close from inside a call"],
  ["sends each piece as a message", "writes head, result and tail as one message"],
  ["turns messages around", "writes many messages at once, in order, whatever their length"],
  ["writes one message of many", "writes many messages at once, in order, whatever their length"],
  ["cuts long messages", "writes a result of a mebibyte whole"],
  ["writes all that the array has", "writes `count` messages, whatever the length of the array"],
  ["keeps what it was lent", "copies the array and its short pieces before the call returns"],
  ["keeps what it was lent while its client is slow", "copies them also for a slow client, and keeps clients apart"],
  ["is blocked after each write", "is not blocked while its client reads"],
  ["never is blocked", "is blocked while its client does not read, and calls `drained` afterwards"],
  ["forgets drained", "is blocked while its client does not read, and calls `drained` afterwards"],
  ["calls drained too early", "is blocked while its client does not read, and calls `drained` afterwards"],
  ["holds everybody up", "does not delay other clients for a client that does not read"],
  ["reads on while it is paused", "reads nothing while its session has paused it, and then everything, in order"],
  ["cannot be closed while it is paused", "closes as ever while its session has paused it"],
  ["does not tell of answers to pings", "calls `alive` when its client answers a ping, and hands over no message"],
  ["takes every ping for answered", "does not call `alive` for a client that does not read, until it does"],
  ["drops what waits when it is closed", "delivers messages from before its close, and none from after it"],
  ["writes after it was closed", "delivers messages from before its close, and none from after it"],
  ["closes without a reason", "closes with the code and the reason"],
  [
    "tells the code that it was closed with last",
    "calls `closed` once, with the code and the reason of the first close",
  ],
  ["tells its end twice", "calls `closed` once, with the code and the reason of the first close"],
  ["refuses a long reason", "cuts a reason of more than 123 bytes between two characters"],
  ["tells its own code for that of its client", "calls `closed` with its client's code and reason"],
  ["does not notice that its client died", "calls `closed` with 1006 when its client drops the connection"],
  [
    "tells another code when it was cut",
    "calls `closed` with 1006 after `terminate`, also for a client that does not read",
  ],
  ["throws after the end", "does nothing after the end, and does not throw"],
  ["tells of life after the end", "does nothing after the end, and does not throw"],
]);

function casesOf(bug?: SocketBug): CaseList["cases"] {
  return CaseList.of((runner) =>
    socketContract(runner, {
      name: bug ?? "toy",
      open: async (accept) => new ToySocket(accept, bug).client,
      patience: 200,
    }),
  );
}

socketContract(vitest, { name: "toy", open: async (accept) => new ToySocket(accept).client });

describe("The socket contract", () => {
  it.for([...found])("fails a socket that %s", async ([bug, name]) => {
    await expect(casesOf(bug).get(name)?.()).rejects.toBeInstanceOf(Error);
  });

  it("has a mistake of the toy for each of its cases", () => {
    const cases = [...casesOf().keys()];
    expect(cases.slice(0, -1).toSorted()).toEqual([...new Set(found.values())].toSorted());
  });

  it("reports a client that has neither send nor subscribe", async () => {
    const cases = CaseList.of((runner) =>
      socketContract(runner, {
        name: "mute",
        async open(accept) {
          const { client } = new ToySocket(accept);
          return Object.create(client, { send: { value: undefined } });
        },
      }),
    );
    const name = "hands over its client's messages, whole and in order";
    await expect(cases.get(name)?.()).rejects.toThrow("The client can say nothing");
  });
});
