import { checkOptions } from "../base/option-check.ts";
import { aBoolean, aFunction, aNumber, anObject, aText, listOf, optionsOf, type RulesOf } from "../base/rule.ts";
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
import { Stage } from "./broker-contract/stage.ts";
import { subscribing } from "./broker-contract/subscribing.ts";
import { register } from "./contract-suite.ts";
import type { Runner } from "./runner.ts";

export type { BrokerContractOptions } from "./broker-contract/options.ts";

const chapters: readonly Chapter[] = [subscribing, order, isolation, publishing, fencing, history, loss, link, closing];

const optionsRules: RulesOf<BrokerContractOptions> = {
  name: aText(),
  supports: optionsOf({ history: aBoolean, acrossProcesses: aBoolean, durable: aBoolean }),
  create: aFunction(),
  breakLink: aFunction(),
  forget: aFunction(),
  loseTail: aFunction(),
  short: optionsOf({ create: aFunction(), events: aNumber(1) }, ["create", "events"]),
  fences: aBoolean,
  patience: aNumber(1),
  excuses: listOf("excuses", anObject),
};

/**
 * Registers the contract suite for a broker with a test runner. Cases about features that the broker does not support
 * are left out. A case in `excuses` must fail, and is shown with the reason.
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
  checkOptions("brokerContract", options, optionsRules, { required: ["name", "supports", "create"] });
  register(runner, {
    title: `broker contract: ${options.name}`,
    chapters,
    excuses: options.excuses,
    stage: () => new Stage(options, runner),
    applies: (one) => applies(options, one),
  });
}

/** Whether a case applies to a broker with these options. */
function applies(options: BrokerContractOptions, { supports = [], needs = [] }: Case): boolean {
  const { history: keepsHistory, acrossProcesses } = options.supports;
  const kinds = { history: keepsHistory, acrossProcesses, oneProcess: !acrossProcesses };
  return supports.every((kind) => kinds[kind]) && needs.every((name) => options[name] !== undefined);
}
