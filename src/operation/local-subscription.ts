import type { GraphQLError } from "graphql";
import { FanfareError } from "../base/error.ts";
import type { GapReason } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Peer } from "../contract/peer.ts";
import type { FormattedResult } from "../contract/request-engine.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationHandle } from "../declare/operation-handle.ts";
import type { OperationRequest } from "../dialects/message.ts";
import type { Engine } from "../engine/engine.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import { toGraphQLError, type ErrorFormatter } from "../engine/execution/error-format.ts";
import { placeOf } from "../engine/execution/place.ts";
import type { Connection } from "./connection.ts";
import { IteratedOperation } from "./iterated-operation.ts";

/** Options of {@link LocalSubscription}. */
export interface LocalSubscriptionOptions {
  readonly engine: Engine;
  readonly formatError: ErrorFormatter;
  readonly log: Log;
  readonly request: OperationRequest;
  /** The HTTP client of the operation. Default: none, for code of this process. */
  readonly client?: Pick<Connection, "id" | "peer" | "viewer">;
  /** Returns the context of an execution. */
  readonly context: (operation: OperationHandle) => MaybePromise<unknown>;
  /** Results that may wait for the reader; one more ends the iteration with OVERFLOW. */
  readonly limit: number;
  readonly onEnd: () => void;
  /** The server's hook for the end of a subscription. Default: none. */
  readonly onUnsubscribe?: (operation: OperationHandle) => MaybePromise<void> | undefined;
}

const decoder = new TextDecoder();

/** An operation without a socket: an async iterator of results, for code of this process and for commands by HTTP. */
export class LocalSubscription extends IteratedOperation<FormattedResult> {
  readonly #options: LocalSubscriptionOptions;
  #name: string | undefined;
  #conflated = 0;

  constructor(options: LocalSubscriptionOptions) {
    super(options.limit, options.onEnd);
    this.#options = options;
  }

  get id(): string {
    return this.#options.client?.id ?? "local";
  }

  get name(): string | undefined {
    return this.#name;
  }

  get peer(): Peer | undefined {
    return this.#options.client?.peer;
  }

  get viewer(): Viewer | undefined {
    return this.#options.client?.viewer;
  }

  /**
   * Resolves when every event that is published from then on will be heard. Errors of the request are its only result.
   */
  async start(): Promise<void> {
    const { engine, request } = this.#options;
    this.#name = request.operationName;
    const prepared = engine.prepare(request);
    if ("errors" in prepared) return this.fail(prepared.errors);
    this.#name = prepared.operation.name?.value;
    try {
      const context = await this.context();
      if (prepared.operation.operation !== "subscription") {
        this.values.push(await engine.execute(prepared, () => context));
        return this.values.end();
      }
      const running = engine.join(await engine.plan(prepared, context), this);
      await this.follow(running, context);
      // Not awaited: that would deadlock, since the reader begins after `start` has resolved.
      void this.lead(() => engine.initial(running.plan, context, this)).catch((error: unknown) =>
        this.fail([toGraphQLError(error)]),
      );
    } catch (error) {
      if (error instanceof FanfareError) this.values.fail(error);
      else this.fail([toGraphQLError(error)]);
    }
  }

  gap(reason: GapReason): void {
    this.values.push({ extensions: { fanfare: { gap: { reason } } } });
  }

  conflated(count: number): void {
    this.#conflated += count;
  }

  context(): MaybePromise<unknown> {
    return this.#options.context(this);
  }

  protected get log(): Log {
    return this.#options.log;
  }

  protected toValue({ bytes }: Delivery): FormattedResult {
    const result: FormattedResult = JSON.parse(decoder.decode(bytes));
    if (this.#conflated === 0) return result;
    const fanfare = { conflated: this.#conflated };
    this.#conflated = 0;
    return { ...result, extensions: { ...asObject(result.extensions), fanfare } };
  }

  protected sayErrors(errors: readonly GraphQLError[]): void {
    const { client, formatError } = this.#options;
    const plan = this.running?.plan;
    const place = { ...(plan && placeOf(plan)), session: client?.id, operation: this.#name };
    this.values.push({ errors: errors.map((error) => formatError(error, place)) });
  }

  protected unsubscribed(): MaybePromise<void> | undefined {
    return this.#options.onUnsubscribe?.(this);
  }
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
