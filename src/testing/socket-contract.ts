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

/**
 * Proves that a transport's sockets keep what they promise to sessions, with the test runner that is handed in: whole
 * messages in order, memory that may be used again, back-pressure, signs of life, and one end that is told once. Each case
 * opens real connections, with a client that reads, stops reading, closes and dies. A case that `excuses` names must
 * fail, and is shown with the reason.
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
  register(runner, {
    title: `socket contract: ${options.name}`,
    chapters: [talking, writing, backPressure, closing],
    excuses: options.excuses,
    stage: () => new Stage(options, runner),
  });
}
