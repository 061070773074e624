import type { Case, Chapter } from "./broker-contract/case.ts";
import { closing } from "./broker-contract/closing.ts";
import { fencing } from "./broker-contract/fencing.ts";
import { history } from "./broker-contract/history.ts";
import { isolation } from "./broker-contract/isolation.ts";
import { link } from "./broker-contract/link.ts";
import { loss } from "./broker-contract/loss.ts";
import type { BrokerContractOptions } from "./broker-contract/options.ts";
import { order } from "./broker-contract/order.ts";
import { publishing } from "./broker-contract/publishing.ts";
import type { Runner } from "./broker-contract/runner.ts";
import { Stage } from "./broker-contract/stage.ts";
import { subscribing } from "./broker-contract/subscribing.ts";

export type { BrokerContractOptions } from "./broker-contract/options.ts";
export type { Expectation, Runner } from "./broker-contract/runner.ts";

const chapters: readonly Chapter[] = [subscribing, order, isolation, publishing, fencing, history, loss, link, closing];

/**
 * Proves that a broker keeps the contract, with the test runner that is handed in. Cases about what a broker of this kind
 * does not support are left out. A case that `excuses` names must fail, and is shown with the reason.
 *
 * ```ts
 * brokerContract(vitest, {
 *   name: "memory",
 *   supports: { history: true, acrossProcesses: false, durable: false },
 *   create: () => memoryBroker(),
 * });
 * ```
 */
export function brokerContract(runner: Runner, options: BrokerContractOptions): void {
  const excuses = new Map((options.excuses ?? []).map((excuse) => [excuse.case, excuse.reason]));
  runner.describe(`broker contract: ${options.name}`, () => {
    for (const chapter of chapters) {
      const cases = chapter.cases.filter((one) => applies(options, one));
      if (cases.length === 0) continue;
      runner.describe(chapter.name, () => {
        for (const one of cases) register(runner, options, one, excuses.get(one.name));
      });
    }
    runner.it("excuses only cases that there are, each with a reason", async () => {
      const known = new Set(chapters.flatMap(({ cases }) => cases.map(({ name }) => name)));
      const bad = [...excuses].filter(([name, reason]) => !known.has(name) || reason.trim() === "");
      runner.expect(bad).toEqual([]);
    });
  });
}

function register(runner: Runner, options: BrokerContractOptions, one: Case, excuse: string | undefined): void {
  const play = (): Promise<void> => playOn(new Stage(options, runner), one);
  if (excuse === undefined) runner.it(one.name, play);
  else runner.it(`${one.name}: not here, since ${excuse}`, () => mustFail(play));
}

async function playOn(stage: Stage, one: Case): Promise<void> {
  const [played] = await Promise.allSettled([one.run(stage)]);
  const [ended] = await Promise.allSettled([stage[Symbol.asyncDispose]()]);
  if (played.status === "rejected") throw played.reason;
  if (ended.status === "rejected") throw ended.reason;
}

async function mustFail(play: () => Promise<void>): Promise<void> {
  const [played] = await Promise.allSettled([play()]);
  if (played.status === "fulfilled") throw new Error("The broker passes this case; it needs no excuse any more");
}

/** Whether a broker of this kind, with these options, has anything to prove in a case. */
function applies(options: BrokerContractOptions, { supports = [], needs = [] }: Case): boolean {
  const { history: keepsHistory, acrossProcesses } = options.supports;
  const kinds = { history: keepsHistory, acrossProcesses, oneProcess: !acrossProcesses };
  return supports.every((kind) => kinds[kind]) && needs.every((name) => options[name] !== undefined);
}
