import { describe, expect, it } from "vitest";
import { type Case, type Excuse, register } from "../../src/testing/contract-suite.ts";
import { CaseList } from "./case-list.ts";

/** The fixture of the cases in these tests. */
class Stage implements AsyncDisposable {
  readonly end: () => Promise<void>;

  constructor(end: () => Promise<void>) {
    this.end = end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

interface ToySuite {
  readonly excuses?: readonly Excuse[];
  readonly end?: () => Promise<void>;
  readonly applies?: (one: Case<Stage>) => boolean;
}

const holds: Case<Stage> = { name: "holds", run: async () => undefined };
const breaks: Case<Stage> = { name: "breaks", run: () => Promise.reject(new Error("It does not hold")) };

function cases({ excuses, end = async () => undefined, ...more }: ToySuite = {}) {
  const chapters = [{ name: "a chapter", cases: [holds, breaks] }];
  return CaseList.of((runner) =>
    register(runner, { title: "toy contract", chapters, excuses, stage: () => new Stage(end), ...more }),
  );
}

const excuseCase = "has excuses for existing cases only, each with a reason";

describe("A contract suite", () => {
  it("registers each case under its name, and a case about the excuses", () => {
    expect([...cases().keys()]).toEqual(["holds", "breaks", excuseCase]);
  });

  it("passes a case that holds and fails one that does not", async () => {
    await expect(cases().get("holds")?.()).resolves.toBeUndefined();
    await expect(cases().get("breaks")?.()).rejects.toThrow("It does not hold");
  });

  it("leaves out cases that do not apply", () => {
    expect([...cases({ applies: ({ name }) => name === "holds" }).keys()]).toEqual(["holds", excuseCase]);
  });

  it("fails a case whose stage fails at the end", async () => {
    const list = cases({ end: () => Promise.reject(new Error("Something is left")) });
    await expect(list.get("holds")?.()).rejects.toThrow("Something is left");
    await expect(list.get("breaks")?.()).rejects.toThrow("It does not hold");
  });

  it("gives each case its own stage, and disposes it, however the case ends", async () => {
    let ended = 0;
    const list = cases({ end: async () => void (ended += 1) });
    await list.get("holds")?.();
    await expect(list.get("breaks")?.()).rejects.toThrow("It does not hold");
    expect(ended).toBe(2);
  });

  it("requires an excused case to fail, and shows the reason", async () => {
    const list = cases({ excuses: [{ case: "breaks", reason: "it is a toy" }] });
    expect([...list.keys()]).toEqual(["holds", "breaks: not here, since it is a toy", excuseCase]);
    await expect(list.get("breaks: not here, since it is a toy")?.()).resolves.toBeUndefined();
    await expect(list.get(excuseCase)?.()).resolves.toBeUndefined();
  });

  it("fails an excused case that passes", async () => {
    const list = cases({ excuses: [{ case: "holds", reason: "it did not once" }] });
    await expect(list.get("holds: not here, since it did not once")?.()).rejects.toThrow("needs no excuse any more");
  });

  it.for([
    { case: "no such case", reason: "a reason" },
    { case: "breaks", reason: " " },
  ])("does not accept the excuse %o", async (excuse) => {
    const list = cases({ excuses: [excuse] });
    await expect(list.get(excuseCase)?.()).rejects.toBeInstanceOf(Error);
  });
});
