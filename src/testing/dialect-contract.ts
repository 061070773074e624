import { checkOptions } from "../base/option-check.ts";
import { aFunction, anObject, anything, aText, listOf, type RulesOf } from "../base/rule.ts";
import { register } from "./contract-suite.ts";
import { decoding } from "./dialect-contract/decoding.ts";
import { encoding } from "./dialect-contract/encoding.ts";
import { envelopes } from "./dialect-contract/envelopes.ts";
import type { DialectContractOptions } from "./dialect-contract/options.ts";
import { rules } from "./dialect-contract/rules.ts";
import { Stage } from "./dialect-contract/stage.ts";
import type { DialectCase } from "./dialect-contract/case.ts";
import type { Runner } from "./runner.ts";

export type { DialectContractOptions, ReadMessage } from "./dialect-contract/options.ts";

const optionsRules: RulesOf<DialectContractOptions> = {
  name: aText(),
  create: aFunction(),
  subscribe: aFunction(),
  read: aFunction(),
  transcript: listOf("texts and messages", listOf("a text and its message", anything)),
  excuses: listOf("excuses", anObject),
};

/**
 * Registers the contract suite for a dialect with a test runner: the dialect decodes any text without throwing, writes
 * whole messages, keeps no state and follows its rules. Its transcript is mutated for malformed texts (fuzzing with a
 * fixed seed). A case in `excuses` must fail, and is shown with the reason.
 *
 * ```ts
 * dialectContract(vitest, {
 *   name: "graphql-transport-ws",
 *   create: () => graphqlTransportWs(),
 *   subscribe: (id, query) => JSON.stringify({ id, type: "subscribe", payload: { query } }),
 *   transcript: [['{"type":"ping"}', { type: "ping", payload: undefined }]],
 * });
 * ```
 */
export function dialectContract(runner: Runner, options: DialectContractOptions): void {
  checkOptions("dialectContract", options, optionsRules, { required: ["name", "create"] });
  register<Stage, DialectCase>(runner, {
    title: `dialect contract: ${options.name}`,
    chapters: [decoding, encoding, envelopes, rules],
    excuses: options.excuses,
    stage: () => new Stage(options, runner),
    applies: ({ needs = [] }) => needs.every((name) => options[name] !== undefined),
  });
}
