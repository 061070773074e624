import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { sourceContract, type SourceContractOptions } from "../../src/testing/source-contract.ts";
import { CaseList } from "./case-list.ts";
import { type SourceBug, ToyDatabase } from "./toy-database.ts";

/** Each mistake, and the case that finds it. */
const found = new Map<SourceBug, string>([
  ["leaves out the row before", "captures each committed change once, with the row before and after"],
  ["has no time", "captures a change's table, transaction and time"],
  ["tells what is rolled back", "captures no change of a rolled-back transaction"],
  ["sorts the changes of a transaction", "captures the changes of a transaction in their order"],
  ["turns two transactions around", "captures the changes of a row in the order of their commits"],
  ["tells a changed key as an update", "captures an update of a primary key as DELETED and CREATED, both moved"],
  ["says nothing of a truncation", "captures a truncate in its place, as a truncation or row by row"],
  ["misses a change now and then", "captures a large transaction completely, each change once"],
  ["forgets what is committed while nobody reads", "captures changes that were committed while no process read"],
  [
    "tells a change when it is written",
    "captures a change when it commits, also after changes of transactions that began later",
  ],
  ["tells a change before it can be seen", "captures no change before a new transaction can see it"],
  ["tells events after the changes", "captures an event in its place among the changes of its transaction"],
  [
    "takes an event that it cannot keep",
    "rejects an event that the database cannot store, and its transaction with it",
  ],
  ["gives empty batches", "gives each change a place after the one before, in non-empty batches"],
  [
    "repeats an event with another id",
    "gives an unconfirmed batch again, with the same places, when the next is requested",
  ],
  [
    "goes on without a confirmation",
    "gives an unconfirmed batch again, with the same places, when the next is requested",
  ],
  [
    "forgets what was not confirmed",
    "gives unconfirmed changes to the next leader, with the same places and `mayRepeat`",
  ],
  [
    "gives again what it says that it does not",
    "gives unconfirmed changes to the next leader, with the same places and `mayRepeat`",
  ],
  ["forgets what was confirmed", "does not give confirmed changes again"],
  ["says too late that it leads", "reports that it leads before it gives a batch"],
  ["lets two lead", "lets one process read; a second one reports standby, and takes over within five seconds"],
  ["never takes over", "lets one process read; a second one reports standby, and takes over within five seconds"],
  ["has one token for all", "gives a later leader a higher fencing token in the same scope"],
  ["lets a former leader confirm", "rejects a confirmation of a process that no longer leads"],
  [
    "does not look at its signal while it waits",
    "ends when its signal aborts, while it waits for changes or for the lease",
  ],
  [
    "gives a batch after its signal",
    "ends when its signal aborts before a batch was confirmed, and gives no further batch",
  ],
  ["begins though its signal has aborted", "gives no batch for a signal that has aborted before"],
  ["can be read once", "can be read again after a reading has ended"],
  [
    "hangs when it is disposed twice",
    "ends its readings when it is disposed: twice, twice at once, and without a reading",
  ],
  ["goes on after its end", "refuses each call after its disposal with CLOSED"],
  ["orders keys as texts", "shows the committed rows, in the order of their keys"],
  ["shows what is not committed", "does not show uncommitted changes"],
  ["looks for null as for a text", "shows only rows with the required values"],
  ["cuts at the limit", "shows at most `limit` rows, and fails with OVERFLOW for more"],
  ["takes a table that there is not for an empty one", "fails with SOURCE_NOT_READY for a missing table or column"],
  ["reads for somebody who has left", "reads nothing for a signal that has aborted"],
  [
    "takes every change for one that is shown",
    "tells which transactions it includes, so that snapshot and changes can be joined",
  ],
]);

function toyOptions(bug?: SourceBug): SourceContractOptions {
  return {
    name: bug ?? "toy",
    open: async () => new ToyDatabase(bug),
    overlapping: true,
    ...(bug && { patience: 200 }),
  };
}

function casesOf(options: SourceContractOptions): CaseList["cases"] {
  return CaseList.of((runner) => sourceContract(runner, options));
}

sourceContract(vitest, toyOptions());

describe("The source contract", () => {
  it.for([...found])("fails a source that %s", async ([bug, name]) => {
    await expect(casesOf(toyOptions(bug)).get(name)?.()).rejects.toBeInstanceOf(Error);
  });

  it("has a mistake of the toy for each of its cases", () => {
    const cases = [...casesOf(toyOptions()).keys()];
    expect(cases.slice(0, -1).toSorted()).toEqual([...new Set(found.values())].toSorted());
  });

  it("leaves out the cases with overlapping transactions if there cannot be any", () => {
    const cases = [...casesOf({ name: "toy", open: async () => new ToyDatabase() }).keys()];
    expect(cases).not.toContain("does not show uncommitted changes");
    expect(cases).toContain("shows the committed rows, in the order of their keys");
  });
});
