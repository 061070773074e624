import { Lifetime } from "../base/lifetime.ts";
import type { Log } from "../contract/log.ts";
import type { Declaration, DeclarationHost } from "../declare/declaration.ts";
import type { Hub } from "../engine/hub/hub.ts";
import { ForeignOperation } from "./foreign-operation.ts";

/** Serves declared fields to other executors. Their operations end with it. */
export class HubDeclarationHost implements DeclarationHost, AsyncDisposable {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #operations = new Lifetime();

  constructor(hub: Hub, log: Log) {
    this.#hub = hub;
    this.#log = log;
  }

  async events(declaration: Declaration, args: unknown, context: unknown): Promise<AsyncIterableIterator<unknown>> {
    const operation: ForeignOperation = new ForeignOperation({
      hub: this.#hub,
      log: this.#log,
      declaration,
      args,
      context,
      onEnd: () => this.#operations.release(operation.values),
    });
    this.#operations.attach(operation.values);
    try {
      await operation.start();
      return operation.values;
    } catch (error) {
      this.#operations.release(operation.values);
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#operations[Symbol.asyncDispose]();
  }
}
