import type { Log } from "../../contract/log.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import { SKIP, type Skip } from "../../declare/skip.ts";
import type { ModelChange } from "./change.ts";

/** A serializer's values; a property that it leaves out keeps the change's own value. */
export type SerializedChange = Readonly<Partial<Record<keyof Omit<ModelChange<unknown>, "plain">, unknown>>>;

/**
 * What clients are sent. `selection`: the fields that they select. `key`: only id, action and time, for clients that
 * read the row themselves. An object: the values of a serializer in place of a change's own.
 */
export type PayloadPolicy<Row> =
  | "selection"
  | "key"
  | {
      /** Gives the values to send. It gets no context, so that its result can be shared; may be async. */
      readonly serialize: (change: ModelChange<Row>) => MaybePromise<SerializedChange>;
      /**
       * What is sent when `serialize` throws or rejects, which is logged each time. `fail`: an error. `fallback`: the
       * change's own values. `drop`: nothing.
       */
      readonly onError: "fail" | "fallback" | "drop";
    };

/** {@link PayloadPolicy} with erased types. */
export type ErasedPolicy =
  | "selection"
  | "key"
  | {
      serialize(this: void, change: unknown): MaybePromise<SerializedChange>;
      readonly onError: "fail" | "fallback" | "drop";
    };

/** The change with the serializer's values, or SKIP if it failed and its policy is `drop`. */
export function serialized(model: string, policy: ErasedPolicy, change: object, log: Log): MaybePromise<object | Skip> {
  if (typeof policy === "string") return change;
  const failed = (error: unknown): object | Skip => {
    log.error("A serializer failed", { model, onError: policy.onError, error });
    if (policy.onError === "fail") throw error;
    return policy.onError === "drop" ? SKIP : change;
  };
  try {
    const given = policy.serialize(change);
    return given instanceof Promise
      ? given.then((values) => ({ ...change, ...values })).catch(failed)
      : { ...change, ...given };
  } catch (error) {
    return failed(error);
  }
}
