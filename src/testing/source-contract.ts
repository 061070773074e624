import { checkOptions } from "../base/option-check.ts";
import { aBoolean, aFunction, aNumber, anObject, aText, listOf, type RulesOf } from "../base/rule.ts";
import { register } from "./contract-suite.ts";
import type { Runner } from "./runner.ts";
import { capturing } from "./source-contract/capturing.ts";
import type { SourceCase } from "./source-contract/case.ts";
import { confirming } from "./source-contract/confirming.ts";
import { ending } from "./source-contract/ending.ts";
import { leading } from "./source-contract/leading.ts";
import type { SourceContractOptions } from "./source-contract/options.ts";
import { snapshots } from "./source-contract/snapshots.ts";
import { Stage } from "./source-contract/stage.ts";

export type { SourceContractOptions, SourceDatabase, SourceWriter } from "./source-contract/options.ts";

const optionsRules: RulesOf<SourceContractOptions> = {
  name: aText(),
  open: aFunction(),
  overlapping: aBoolean,
  patience: aNumber(1),
  excuses: listOf("excuses", anObject),
};

/**
 * Registers the contract suite for a source with a test runner: committed changes are captured in order and with their
 * places until they are confirmed, rolled-back changes never are, one process leads, and snapshots join the stream.
 * Each case has its own database. A case in `excuses` must fail, and is shown with the reason.
 *
 * ```ts
 * sourceContract(vitest, {
 *   name: "postgres-outbox",
 *   overlapping: true,
 *   async open() {
 *     const client = await emptyDatabase("create table cars (id integer primary key, make text)");
 *     await installOutbox(client, { tables: ["cars"] });
 *     return {
 *       table: { schema: "public", name: "cars" },
 *       source: () => postgresOutbox({ client, batch: 100 }),
 *       transaction: (work) => inTransaction(client, (query) => work(writer(query))),
 *       [Symbol.asyncDispose]: () => client.end(),
 *     };
 *   },
 * });
 * ```
 */
export function sourceContract(runner: Runner, options: SourceContractOptions): void {
  checkOptions("sourceContract", options, optionsRules, { required: ["name", "open"] });
  register<Stage, SourceCase>(runner, {
    title: `source contract: ${options.name}`,
    chapters: [capturing, confirming, leading, ending, snapshots],
    excuses: options.excuses,
    stage: () => new Stage(options, runner),
    applies: ({ needs = [] }) => needs.every((name) => options[name] !== undefined),
  });
}
