import { locatedError, type GraphQLResolveInfo, type GraphQLSchema } from "graphql";
import { PushIterator } from "../../base/push-iterator.ts";
import { fragmentsOf } from "../selection/fragments.ts";
import type { Prepared } from "../document/prepare.ts";
import type { RootField } from "../plan/root-field.ts";

/** The source of a field with a `subscribe` of its own, opened for one operation. */
export interface ForeignSource {
  readonly events: AsyncIterator<unknown>;
  /** Aborts the signal that the field's `subscribe` got from `info.getAbortSignal`. */
  readonly controller: AbortController;
}

interface Observer {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

/** The common subset of an RxJS observable and the ECMAScript proposal. */
interface ObservableLike {
  subscribe(observer: Observer): { unsubscribe(): void };
}

/**
 * Opens the source of a field with a `subscribe` of its own, as CreateSourceEventStream does (spec 6.2.3.1): an async
 * iterable, or an observable.
 *
 * @param limit values of an observable that may wait for the reader; it fails with OVERFLOW beyond.
 * @throws a located GraphQLError.
 */
export async function foreignSource(
  schema: GraphQLSchema,
  { document, operation, variables }: Prepared,
  root: RootField,
  context: unknown,
  limit: number,
): Promise<ForeignSource> {
  const controller = new AbortController();
  const { field, parentType, nodes, args } = root;
  const info: GraphQLResolveInfo = {
    fieldName: field.name,
    fieldNodes: nodes,
    returnType: field.type,
    parentType,
    path: { prev: undefined, key: root.key, typename: parentType.name },
    schema,
    fragments: Object.fromEntries(fragmentsOf(document.ast)),
    rootValue: undefined,
    operation,
    variableValues: variables.values,
    getAbortSignal: () => controller.signal,
    getAsyncHelpers: () => ({ promiseAll: (values) => Promise.all(values), track: () => undefined }),
  };
  try {
    const stream: unknown = await field.subscribe?.(undefined, args, context, info);
    if (stream instanceof Error) throw stream;
    if (isAsyncIterable(stream)) return { events: stream[Symbol.asyncIterator](), controller };
    if (isObservable(stream)) return { events: observe(stream, limit), controller };
    throw new TypeError(
      `Subscription.${field.name} must return an async iterable or an observable, not ${stream === null ? "null" : typeof stream}`,
    );
  } catch (error) {
    throw locatedError(error, nodes, [root.key]);
  }
}

function observe(observable: ObservableLike, limit: number): AsyncIterator<unknown> {
  let running: { unsubscribe(): void } | undefined;
  let left = false;
  const values = new PushIterator<unknown>(limit, () => {
    left = true;
    running?.unsubscribe();
  });
  running = observable.subscribe({
    next: (value) => values.push(value),
    error: (error) => values.fail(error),
    complete: () => values.end(),
  });
  // Re-entrant: the observable may have ended inside `subscribe`, before `running` was assigned.
  if (left) running.unsubscribe();
  return values;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isObservable(value: unknown): value is ObservableLike {
  return typeof value === "object" && value !== null && "subscribe" in value && typeof value.subscribe === "function";
}
