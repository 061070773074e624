import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { socketContract } from "../../src/testing/socket-contract.ts";
import { CaseList } from "./case-list.ts";
import { type SocketBug, ToySocket } from "./toy-socket.ts";

/** Each mistake, and the case that finds it. */
const found = new Map<SocketBug, string>([
  ["reads headers from an object", "knows its client's address, url and headers, also after the end"],
  ["forgets its client at the end", "knows its client's address, url and headers, also after the end"],
  ["hands text over in pieces", "hands over what its client says, whole and in order, as text or as messages"],
  ["makes messages of text", "hands over what its client says, whole and in order, as text or as messages"],
  ["cannot be closed in the middle of a call", "may be written to and closed in the middle of what it tells"],
  ["sends each piece as a message", "writes head, result and tail as one message"],
  ["turns messages around", "writes many messages at once, in order, whatever their length"],
  ["writes one message of many", "writes many messages at once, in order, whatever their length"],
  ["cuts long messages", "brings a result of a mebibyte whole"],
  ["writes all that the array has", "writes as many messages as it is told to"],
  ["keeps what it was lent", "has copied the array and its short pieces when the call returns"],
  [
    "keeps what it was lent while its client is slow",
    "has copied them also where a client is slow, and keeps clients apart",
  ],
  ["is blocked after each write", "is not blocked while its client reads"],
  ["never is blocked", "is blocked while its client reads nothing, and tells when that is over"],
  ["forgets drained", "is blocked while its client reads nothing, and tells when that is over"],
  ["calls drained too early", "is blocked while its client reads nothing, and tells when that is over"],
  ["holds everybody up", "holds up nobody else for a client that reads nothing"],
  ["does not tell of answers to pings", "hears that a client is alive which answers a ping, and of no other message"],
  ["takes every ping for answered", "does not take a client for alive that reads nothing, until it does"],
  [
    "drops what waits when it is closed",
    "delivers what was written before it was closed, and nothing that is written later",
  ],
  ["writes after it was closed", "delivers what was written before it was closed, and nothing that is written later"],
  ["closes without a reason", "tells its client the code and the reason"],
  [
    "tells the code that it was closed with last",
    "tells its session once, with the code and the reason that it was closed with first",
  ],
  ["tells its end twice", "tells its session once, with the code and the reason that it was closed with first"],
  ["refuses a long reason", "cuts a reason of more than 123 bytes between two characters"],
  ["tells its own code for that of its client", "tells its session with which code and reason its client has closed"],
  ["does not notice that its client died", "tells its session of a client that dies, with 1006"],
  [
    "tells another code when it was cut",
    "tells its session that it was cut, with 1006, also where the client reads nothing",
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

describe("the socket contract", () => {
  it.for([...found])("finds a socket that %s", async ([bug, name]) => {
    await expect(casesOf(bug).get(name)?.()).rejects.toBeInstanceOf(Error);
  });

  it("finds a mistake of each sort that it has a case for", () => {
    const cases = [...casesOf().keys()];
    expect(cases.slice(0, -1).toSorted()).toEqual([...new Set(found.values())].toSorted());
  });

  it("says that a client can say nothing which has neither text nor requests", async () => {
    const cases = CaseList.of((runner) =>
      socketContract(runner, {
        name: "mute",
        async open(accept) {
          const { client } = new ToySocket(accept);
          return Object.create(client, { send: { value: undefined } });
        },
      }),
    );
    const name = "hands over what its client says, whole and in order, as text or as messages";
    await expect(cases.get(name)?.()).rejects.toThrow("The client can say nothing");
  });
});
