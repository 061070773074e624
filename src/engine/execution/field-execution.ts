import type { Event } from "../../contract/broker.ts";
import type { Log } from "../../contract/log.ts";
import { settle } from "../../base/thenable.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import { Resolved } from "../../declare/resolved.ts";
import { SKIP } from "../../declare/skip.ts";
import { valueOf } from "../../declare/subscription.ts";
import type { ContextSource, Hearing } from "../plan/plan.ts";
import { placeOf } from "./place.ts";
import type { Delivery } from "./delivery.ts";
import { passes, type Executor, type Outcome } from "./executor.ts";

const nothing = new Uint8Array();

/** The value of a declared field, for another executor, which makes a result of it. */
export class ValueDelivery implements Delivery {
  readonly event: Event | undefined;
  readonly value: Resolved;
  readonly bytes: Uint8Array = nothing;

  constructor(event: Event | undefined, value: Resolved) {
    this.event = event;
    this.value = value;
  }
}

/** Executes the declaration of a field that another executor serves: filter and value, without a result. */
export class FieldExecution implements Executor<Hearing> {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  run(plan: Hearing, event: Event, context: ContextSource): MaybePromise<Outcome> {
    const { filter } = plan;
    if (!filter) return this.#value(plan, event, context);
    return settle<unknown, Outcome>(
      () => filter(event, context),
      (answer) => (passes(answer, plan, event, this.#log) ? this.#value(plan, event, context) : undefined),
      (error) => {
        this.#log.error("A filter failed; its event was not delivered", { ...placeOf(plan, event), error });
        return undefined;
      },
    );
  }

  runAlone(plan: Hearing, event: Event, context: ContextSource): MaybePromise<Outcome> {
    return this.run(plan, event, context);
  }

  ofValue(_plan: Hearing, value: unknown): Delivery {
    return new ValueDelivery(undefined, Resolved.value(value));
  }

  #value({ declaration, args }: Hearing, event: Event, context: ContextSource): MaybePromise<Outcome> {
    const fail = (error: unknown): Outcome => new ValueDelivery(event, Resolved.failure(error));
    return settle<unknown, Outcome>(
      context,
      (fresh) =>
        settle<unknown, Outcome>(
          () => (declaration ? valueOf(declaration, event.payload, args, fresh) : event.payload),
          (value) => (value === SKIP ? undefined : new ValueDelivery(event, Resolved.value(value))),
          fail,
        ),
      fail,
    );
  }
}
