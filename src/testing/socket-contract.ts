import { checkOptions } from "../base/option-check.ts";
import { aFunction, aNumber, anObject, aText, listOf, type RulesOf } from "../base/rule.ts";
import { register } from "./contract-suite.ts";
import type { Runner } from "./runner.ts";
import { backPressure } from "./socket-contract/back-pressure.ts";
import { closing } from "./socket-contract/closing.ts";
import type { SocketContractOptions } from "./socket-contract/options.ts";
import { Stage } from "./socket-contract/stage.ts";
import { talking } from "./socket-contract/talking.ts";
import { writing } from "./socket-contract/writing.ts";

export type {
  SocketClient,
  SocketContractOptions,
  SocketEnding,
  SocketIntroduction,
} from "./socket-contract/options.ts";

const optionsRules: RulesOf<SocketContractOptions> = {
  name: aText(),
  open: aFunction(),
  patience: aNumber(1),
  excuses: listOf("excuses", anObject),
};

/**
 * Registers the contract suite for a transport's sockets with a test runner: whole messages in order, reusable memory,
 * back-pressure, pings, and an end that is reported once. Each case opens real connections, with a client that reads,
 * stops reading, closes or drops the connection. A case in `excuses` must fail, and is shown with the reason.
 *
 * ```ts
 * socketContract(vitest, {
 *   name: "websocket",
 *   async open(accept) {
 *     const server = await serve({ accept });
 *     return connect(server.url);
 *   },
 * });
 * ```
 */
export function socketContract(runner: Runner, options: SocketContractOptions): void {
  checkOptions("socketContract", options, optionsRules, { required: ["name", "open"] });
  register(runner, {
    title: `socket contract: ${options.name}`,
    chapters: [talking, writing, backPressure, closing],
    excuses: options.excuses,
    stage: () => new Stage(options, runner),
  });
}
