import type { GraphQLError } from "graphql";
import { Lifetime } from "../base/lifetime.ts";
import type { GapReason } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Arguments, Declaration, DeclarationHost } from "../declare/declaration.ts";
import { queueBound } from "../declare/queue.ts";
import { Resolved } from "../declare/resolved.ts";
import type { DeclaredFields } from "../engine/declared-fields.ts";
import type { Delivery } from "../engine/execution/delivery.ts";
import { ValueDelivery } from "../engine/execution/field-execution.ts";
import { placeOf } from "../engine/execution/place.ts";
import { viewOf } from "./context.ts";
import { IteratedOperation } from "./iterated-operation.ts";

/** Options of {@link ForeignOperation}. */
export interface ForeignOperationOptions {
  readonly fields: DeclaredFields;
  readonly log: Log;
  readonly declaration: Declaration;
  /** The name of the field, for the log; empty if the other executor does not tell it. */
  readonly fieldName: string;
  readonly args: Arguments;
  /** The context of the other executor's resolvers. */
  readonly context: unknown;
  readonly onEnd: () => void;
}

/** An operation on a declared field that another executor runs: an async iterator of values, which are not shared. */
export class ForeignOperation extends IteratedOperation<Resolved> {
  readonly id: string = "foreign";
  /** Undefined: only the other executor has the operation's name. */
  readonly name: undefined;
  readonly peer: undefined;
  readonly viewer: undefined;
  readonly #options: ForeignOperationOptions;
  readonly #context: object;

  constructor(options: ForeignOperationOptions) {
    super(queueBound(options.declaration.queue).messages, options.onEnd);
    this.#options = options;
    this.#context = viewOf(options.context, this);
  }

  /** Resolves when every event that is published from then on will be heard. */
  async start(): Promise<void> {
    const { args, declaration, fieldName, fields } = this.#options;
    const running = fields.join(await fields.plan(declaration, fieldName, args, this.#context), this);
    try {
      await this.follow(running, this.#context);
      const first = await fields.initial(running.plan, this.#context, this);
      // Not awaited: that would deadlock, since the reader begins after `start` has resolved.
      void this.lead(async () => first).catch((error: unknown) => this.values.fail(error));
    } catch (error) {
      this.values.end();
      throw error;
    }
  }

  /** Logs a gap, since a value has no place to report it. */
  gap(reason: GapReason): void {
    const { fieldName } = this.#options;
    this.log.warn("Events were lost that another executor's subscription waited for", {
      ...placeOf({ fieldName }),
      reason,
    });
  }

  conflated(): void {}

  context(): object {
    return this.#context;
  }

  protected get log(): Log {
    return this.#options.log;
  }

  protected toValue(delivery: Delivery): Resolved {
    return delivery instanceof ValueDelivery ? delivery.value : Resolved.value(delivery.event?.payload);
  }

  protected sayErrors([error]: readonly GraphQLError[]): void {
    this.values.fail(error);
  }

  protected unsubscribed(): undefined {
    return undefined;
  }
}

/** Serves declared fields to other executors. Disposal ends their operations. */
export class ForeignOperations implements DeclarationHost, AsyncDisposable {
  readonly #fields: DeclaredFields;
  readonly #log: Log;
  readonly #operations = new Lifetime();

  constructor(fields: DeclaredFields, log: Log) {
    this.#fields = fields;
    this.#log = log;
  }

  async events(
    declaration: Declaration,
    fieldName: string,
    args: Arguments,
    context: unknown,
  ): Promise<AsyncIterableIterator<unknown>> {
    const operation: ForeignOperation = new ForeignOperation({
      fields: this.#fields,
      log: this.#log,
      declaration,
      fieldName,
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
