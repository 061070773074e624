import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { dialectContract, type DialectContractOptions } from "../../src/testing/dialect-contract.ts";
import { CaseList } from "./case-list.ts";
import { type DialectBug, ToyDialect } from "./toy-dialect.ts";

/** Each mistake, and the case that finds it. */
const found = new Map<DialectBug, string>([
  ["throws on null", "makes a message of any text, without throwing"],
  ["takes an unknown type for a ping", "calls invalid what is not a message"],
  ["says at length what is wrong", "says in at most 123 bytes, without control characters, why a text is invalid"],
  [
    "repeats what a client wrote as it is",
    "says in at most 123 bytes, without control characters, why a text is invalid",
  ],
  ["lets __proto__ pass", "lets no key pass that would change a prototype"],
  ["overlooks the operation's name", "understands what its clients write"],
  ["trims ids", "starts an operation under any id, each under one of its own"],
  ["remembers that it has read a text", "makes the same message of the same text, whatever came before it"],
  [
    "throws for a message that it does not have",
    "encodes each message as whole messages or as nothing, without throwing",
  ],
  ["writes a message in two halves", "encodes each message as whole messages or as nothing, without throwing"],
  ["leaves the id out of errors", "names the operation that a message is about"],
  ["keeps errors to itself", "tells the client of an operation's error"],
  [
    "encodes into one buffer again and again",
    "encodes the same message as the same bytes, whatever came in between, and keeps what it has answered",
  ],
  [
    "numbers its messages",
    "encodes the same message as the same bytes, whatever came in between, and keeps what it has answered",
  ],
  ["writes into messages", "leaves a message that it encodes as it was"],
  ["does not escape ids", "makes one whole message of a result between head and tail"],
  ["leaves the id out of results", "names the operation of a result"],
  [
    "cuts envelopes from one buffer again and again",
    "makes the same envelope for the same operation, and keeps those that it has made",
  ],
  ["has a name of two words", "has a name that may stand in a handshake"],
  ["has a rule that there is not", "says what a session does, in every respect"],
  [
    "refuses with a code that only a browser makes",
    "closes a refused client with a code and a reason that a close frame can carry",
  ],
  [
    "answers nothing though it says that it does",
    "answers what is invalid if it says so, and writes nothing about it otherwise",
  ],
  [
    "answers though it says that it closes",
    "answers what is invalid if it says so, and writes nothing about it otherwise",
  ],
  [
    "does not say that a subscription is live though it says that it does",
    "tells that a subscription is live if it says so, and writes nothing about it otherwise",
  ],
  [
    "cannot end an operation though it says that it does",
    "can tell that an operation has ended, if it says that it does",
  ],
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

describe("the dialect contract", () => {
  it.for([...found])("finds a dialect that %s", async ([bug, name]) => {
    await expect(casesOf(toyOptions(bug)).get(name)?.()).rejects.toBeInstanceOf(Error);
  });

  it("finds a mistake of each sort that it has a case for", () => {
    const cases = [...casesOf(toyOptions()).keys()];
    expect(cases.slice(0, -1).toSorted()).toEqual([...new Set(found.values())].toSorted());
  });

  it("leaves out what needs texts of clients where there are none", () => {
    const cases = [...casesOf({ name: "toy", create: () => new ToyDialect() }).keys()];
    expect(cases).not.toContain("understands what its clients write");
    expect(cases).not.toContain("starts an operation under any id, each under one of its own");
    expect(cases).toContain("makes a message of any text, without throwing");
  });
});
