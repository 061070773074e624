import type { Log } from "../../contract/log.ts";
import type { MaybePromise } from "../../declare/declaration.ts";
import { SKIP, type Skip } from "../../declare/skip.ts";
import type { ModelChange } from "./change.ts";

/** What a serializer gives: a change with other values. What it leaves out stays as it is. */
export type SerializedChange = Readonly<Partial<Record<keyof Omit<ModelChange<unknown>, "plain">, unknown>>>;

/**
 * What clients are sent: `selection`, the fields they select; `key`, nothing but the id, the action and the time, for
 * clients that read the row themselves; or the values that a serializer puts in place of a change's own.
 */
export type PayloadPolicy<Row> =
  | "selection"
  | "key"
  | {
      /** Gets no context, so that one result may serve everybody. May be async. */
      readonly serialize: (change: ModelChange<Row>) => MaybePromise<SerializedChange>;
      /**
       * What happens when it throws or rejects. `fail`: clients are told an error. `fallback`: they get the change as it
       * is. `drop`: nothing is sent. The log is told each time.
       */
      readonly onError: "fail" | "fallback" | "drop";
    };

/** The same with its types erased. */
export type ErasedPolicy =
  | "selection"
  | "key"
  | {
      serialize(this: void, change: unknown): MaybePromise<SerializedChange>;
      readonly onError: "fail" | "fallback" | "drop";
    };

/** The change that is sent for a change. */
export function serialized(policy: ErasedPolicy, change: object, log: Log): MaybePromise<object | Skip> {
  if (typeof policy === "string") return change;
  const failed = (error: unknown): object | Skip => {
    log.error("A serializer failed", { onError: policy.onError, error });
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
