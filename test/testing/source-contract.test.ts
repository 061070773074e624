import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { sourceContract, type SourceContractOptions } from "../../src/testing/source-contract.ts";
import { CaseList } from "./case-list.ts";
import { type SourceBug, ToyDatabase } from "./toy-database.ts";

/** Each mistake, and the case that finds it. */
const found = new Map<SourceBug, string>([
  ["leaves out the row before", "tells each committed change once, with the row before and after"],
  ["has no time", "tells the table of a change, its transaction and its time"],
  ["tells what is rolled back", "tells nothing of what was rolled back"],
  ["sorts the changes of a transaction", "tells the changes of a transaction in their order"],
  ["turns two transactions around", "tells the changes of a row in the order of their commits"],
  ["tells a changed key as an update", "tells a changed key as one row deleted and another created, both moved"],
  [
    "says nothing of a truncation",
    "tells in its place that all rows were removed at once, as a truncation or row by row",
  ],
  ["misses a change now and then", "tells all of a large transaction, each change once"],
  ["forgets what is committed while nobody reads", "tells what was committed while nobody read"],
  [
    "tells a change when it is written",
    "tells a change when it is committed, also where others that began later were told before",
  ],
  ["tells a change before it can be seen", "tells nothing before a new transaction can see it"],
  ["tells events after the changes", "tells an event in its place among the changes of its transaction"],
  [
    "takes an event that it cannot keep",
    "rejects an event that the database cannot keep, and loses its transaction with it",
  ],
  ["gives empty batches", "gives each change a place after the one before, in batches that are not empty"],
  [
    "repeats an event with another id",
    "gives a batch again, in the same places, to whoever asks for the next without having confirmed it",
  ],
  [
    "goes on without a confirmation",
    "gives a batch again, in the same places, to whoever asks for the next without having confirmed it",
  ],
  [
    "forgets what was not confirmed",
    "gives what was not confirmed again, in the same places and with a warning, to whoever reads next",
  ],
  [
    "gives again what it says that it does not",
    "gives what was not confirmed again, in the same places and with a warning, to whoever reads next",
  ],
  ["forgets what was confirmed", "does not give again what was confirmed"],
  ["says too late that it leads", "says that it leads before it gives a batch"],
  ["lets two lead", "lets one process read; the second waits, says so, and takes over within five seconds of its end"],
  [
    "never takes over",
    "lets one process read; the second waits, says so, and takes over within five seconds of its end",
  ],
  ["has one token for all", "gives a later leader a higher token, in the same scope"],
  ["lets a former leader confirm", "lets nobody confirm who does not lead any more"],
  [
    "does not look at its signal while it waits",
    "ends when its signal aborts, while it waits for changes or for the lead",
  ],
  [
    "gives a batch after its signal",
    "ends when its signal aborts before a batch was confirmed, and gives nothing more",
  ],
  ["begins though its signal has aborted", "gives nothing to a signal that had aborted before"],
  ["can be read once", "may be asked for changes again after it has ended"],
  [
    "hangs when it is disposed twice",
    "ends its reading when it is disposed, which may be done twice, twice at once, and without a reading",
  ],
  ["goes on after its end", "refuses with CLOSED what it is asked for after its end"],
  ["orders keys as texts", "shows the rows that are committed, in the order of their keys"],
  ["shows what is not committed", "does not show what is not yet committed"],
  ["looks for null as for a text", "shows only rows whose columns are as they should be"],
  ["cuts at the limit", "shows at most as many rows as it was asked for, and says with OVERFLOW that there are more"],
  [
    "takes a table that there is not for an empty one",
    "says with SOURCE_NOT_READY that there is no such table or column",
  ],
  ["reads for somebody who has left", "reads nothing for somebody who has left"],
  [
    "takes every change for one that is shown",
    "says which changes its rows show, so that table and stream can be joined",
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

describe("the source contract", () => {
  it.for([...found])("finds a source that %s", async ([bug, name]) => {
    await expect(casesOf(toyOptions(bug)).get(name)?.()).rejects.toBeInstanceOf(Error);
  });

  it("finds a mistake of each sort that it has a case for", () => {
    const cases = [...casesOf(toyOptions()).keys()];
    expect(cases.slice(0, -1).toSorted()).toEqual([...new Set(found.values())].toSorted());
  });

  it("leaves out what needs two transactions at once where there cannot be two", () => {
    const cases = [...casesOf({ name: "toy", open: async () => new ToyDatabase() }).keys()];
    expect(cases).not.toContain("does not show what is not yet committed");
    expect(cases).toContain("shows the rows that are committed, in the order of their keys");
  });
});
