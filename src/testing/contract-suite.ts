import { checkArgument } from "../base/option-check.ts";
import { must, propertyOf, type Rule } from "../base/rule.ts";
import type { Runner } from "./runner.ts";

/** A clause of a contract, and its test. */
export interface Case<Stage> {
  readonly name: string;
  /** @param stage the fixture of this case alone, which is disposed after it. */
  run(stage: Stage): Promise<void>;
}

export interface Chapter<Stage, One extends Case<Stage> = Case<Stage>> {
  readonly name: string;
  readonly cases: readonly One[];
}

/** A case that an implementation cannot pass. It must really fail, so that no excuse outlives its reason. */
export interface Excuse {
  /** The case's name. */
  readonly case: string;
  /** Why the implementation cannot pass the case; shown in the case's title. */
  readonly reason: string;
}

/** A contract's suite for one implementation. */
export interface ContractSuite<Stage extends AsyncDisposable, One extends Case<Stage>> {
  /** The contract and the implementation: `broker contract: memory`. */
  readonly title: string;
  readonly chapters: readonly Chapter<Stage, One>[];
  readonly excuses: readonly Excuse[] | undefined;
  /** Makes the fixture of a case. */
  stage(): Stage;
  /** Whether a case applies to the implementation. Default: each applies. */
  applies?(one: One): boolean;
}

const aRunner: Rule = must("a test runner with functions describe, it and expect, such as vitest", (value) =>
  ["describe", "it", "expect"].every((name) => typeof propertyOf(value, name) === "function"),
);

/** Registers the cases with a test runner. An excused case must fail, and is shown with the reason. */
export function register<Stage extends AsyncDisposable, One extends Case<Stage>>(
  runner: Runner,
  suite: ContractSuite<Stage, One>,
): void {
  checkArgument(suite.title, "runner", runner, aRunner);
  const { chapters, title } = suite;
  const excuses = new Map((suite.excuses ?? []).map((excuse) => [excuse.case, excuse.reason]));
  runner.describe(title, () => {
    for (const chapter of chapters) {
      const cases = chapter.cases.filter((one) => suite.applies?.(one) ?? true);
      if (cases.length === 0) continue;
      runner.describe(chapter.name, () => {
        for (const one of cases) registerCase(runner, suite, one, excuses.get(one.name));
      });
    }
    runner.it("has excuses for existing cases only, each with a reason", async () => {
      const known = new Set(chapters.flatMap(({ cases }) => cases.map(({ name }) => name)));
      const bad = [...excuses].filter(([name, reason]) => !known.has(name) || reason.trim() === "");
      runner.expect(bad).toEqual([]);
    });
  });
}

function registerCase<Stage extends AsyncDisposable, One extends Case<Stage>>(
  runner: Runner,
  suite: ContractSuite<Stage, One>,
  one: One,
  excuse: string | undefined,
): void {
  const play = (): Promise<void> => playOn(suite.stage(), one);
  if (excuse === undefined) runner.it(one.name, play);
  else runner.it(`${one.name}: not here, since ${excuse}`, () => mustFail(play));
}

/** Runs a case and disposes its stage, which may fail as well. The case's own error comes first. */
async function playOn<Stage extends AsyncDisposable>(stage: Stage, one: Case<Stage>): Promise<void> {
  const [played] = await Promise.allSettled([one.run(stage)]);
  const [ended] = await Promise.allSettled([stage[Symbol.asyncDispose]()]);
  if (played.status === "rejected") throw played.reason;
  if (ended.status === "rejected") throw ended.reason;
}

async function mustFail(play: () => Promise<void>): Promise<void> {
  const [played] = await Promise.allSettled([play()]);
  if (played.status === "fulfilled") throw new Error("The case passes; it needs no excuse any more");
}
