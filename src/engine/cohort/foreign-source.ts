import { locatedError, type GraphQLResolveInfo, type GraphQLSchema } from "graphql";
import { PushIterator } from "../../base/push-iterator.ts";
import { fragmentsOf } from "../selection/fragments.ts";
import type { Prepared } from "../document/prepare.ts";
import type { RootField } from "../plan/root-field.ts";

/** A source of its own that one operation reads. */
export interface ForeignSource {
  readonly events: AsyncIterator<unknown>;
  /** Aborts what the field's `subscribe` was given as its signal. */
  readonly controller: AbortController;
}

interface Observer {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

/** What RxJS and the proposal for ECMAScript have in common. */
interface ObservableLike {
  subscribe(observer: Observer): { unsubscribe(): void };
}

/**
 * The events of a field with a `subscribe` of its own, as CreateSourceEventStream (spec 6.2.3.1) gets them: an async
 * iterable, or an observable, of which at most `limit` values may wait. Throws a located GraphQLError.
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
  // It may have ended before it said how to leave it.
  if (left) running.unsubscribe();
  return values;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isObservable(value: unknown): value is ObservableLike {
  return typeof value === "object" && value !== null && "subscribe" in value && typeof value.subscribe === "function";
}
