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

/**
 * Proves that a dialect keeps what it promises to sessions, with the test runner that is handed in: that it makes
 * something of any text, writes whole messages, keeps no state and does what its rules say. Texts that are broken in all
 * sorts of ways are made of its samples, the same ones each time. A case that `excuses` names must fail, and is shown with
 * the reason.
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
  register<Stage, DialectCase>(runner, {
    title: `dialect contract: ${options.name}`,
    chapters: [decoding, encoding, envelopes, rules],
    excuses: options.excuses,
    stage: () => new Stage(options, runner),
    applies: ({ needs = [] }) => needs.every((name) => options[name] !== undefined),
  });
}
