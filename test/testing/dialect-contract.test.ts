import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { dialectContract, type DialectContractOptions } from "../../src/testing/dialect-contract.ts";
import { CaseList } from "./case-list.ts";
import { type DialectBug, ToyDialect } from "./toy-dialect.ts";

/** Each mistake, and the case that finds it. */
const found = new Map<DialectBug, string>([
  ["throws on null", "decodes any text without throwing"],
  ["takes an unknown type for a ping", "decodes malformed text as an invalid message"],
  [
    "says at length what is wrong",
    "gives the reason of an invalid message in at most 123 bytes, without control characters",
  ],
  [
    "repeats what a client wrote as it is",
    "gives the reason of an invalid message in at most 123 bytes, without control characters",
  ],
  ["lets __proto__ pass", "lets no key `__proto__` pass (prototype pollution)"],
  ["overlooks the operation's name", "decodes the messages of its clients"],
  ["trims ids", "starts an operation with any id, and maps different ids to different ids"],
  ["remembers that it has read a text", "decodes a text to the same message, whatever came before (statelessness)"],
  [
    "throws for a message that it does not have",
    "encodes each message as zero or more whole messages, without throwing",
  ],
  ["writes a message in two halves", "encodes each message as zero or more whole messages, without throwing"],
  ["leaves the id out of errors", "encodes the operation's id in messages about an operation"],
  ["keeps errors to itself", "encodes an operation's error"],
  [
    "encodes into one buffer again and again",
    "encodes a message to the same bytes each time, and never changes returned bytes",
  ],
  ["numbers its messages", "encodes a message to the same bytes each time, and never changes returned bytes"],
  ["writes into messages", "does not change the messages that it encodes"],
  ["does not escape ids", "makes one whole message of head, result and tail"],
  ["leaves the id out of results", "encodes the operation's id in an envelope"],
  [
    "cuts envelopes from one buffer again and again",
    "makes the same envelope for the same operation, and never changes returned ones",
  ],
  ["has a name of two words", "has a name that is allowed as a subprotocol"],
  ["has a rule that there is not", "has a value for each rule"],
  [
    "refuses with a code that only a browser makes",
    "has a close code and a reason for refusals that a close frame can carry",
  ],
  [
    "answers nothing though it says that it does",
    "encodes an invalid message if its rules say `answer`, and nothing otherwise",
  ],
  [
    "answers though it says that it closes",
    "encodes an invalid message if its rules say `answer`, and nothing otherwise",
  ],
  [
    "does not say that a subscription is live though it says that it does",
    "encodes `started` if its rules have `tellsLive`, and nothing otherwise",
  ],
  ["cannot end an operation though it says that it does", "encodes `complete` if its rules need it"],
]);

function toyOptions(bug?: DialectBug): DialectContractOptions {
  return {
    name: bug ?? "toy",
    create: () => new ToyDialect(bug),
    subscribe: (id, query) => JSON.stringify({ id, type: "subscribe", payload: { query } }),
    transcript: [
      ['{"type":"connection_init"}', { type: "init", payload: undefined }],
      [
        '{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":"A"}}',
        {
          type: "subscribe",
          id: "1",
          request: { query: "{a}", operationName: "A", variables: undefined, extensions: undefined },
        },
      ],
    ],
  };
}

function casesOf(options: DialectContractOptions): CaseList["cases"] {
  return CaseList.of((runner) => dialectContract(runner, options));
}

dialectContract(vitest, toyOptions());

describe("The dialect contract", () => {
  it.for([...found])("fails a dialect that %s", async ([bug, name]) => {
    await expect(casesOf(toyOptions(bug)).get(name)?.()).rejects.toBeInstanceOf(Error);
  });

  it("has a mistake of the toy for each of its cases", () => {
    const cases = [...casesOf(toyOptions()).keys()];
    expect(cases.slice(0, -1).toSorted()).toEqual([...new Set(found.values())].toSorted());
  });

  it("leaves out the cases about clients' texts if there are none", () => {
    const cases = [...casesOf({ name: "toy", create: () => new ToyDialect() }).keys()];
    expect(cases).not.toContain("decodes the messages of its clients");
    expect(cases).not.toContain("starts an operation with any id, and maps different ids to different ids");
    expect(cases).toContain("decodes any text without throwing");
  });
});
