import type { GraphQLField } from "graphql";
import type { Viewer } from "../contract/viewer.ts";
import type { QueueOptions } from "./queue.ts";
import type { TopicLike } from "./topic.ts";

export type MaybePromise<Value> = Value | Promise<Value>;

/** The arguments of a field, by their names. */
export type Arguments = Readonly<Record<string, unknown>>;

/** A value that an index can compare by equality. */
export type MatchValue = string | number | boolean | bigint | null | undefined;

/** Required values by property; an object matches if it has all of them. */
export type Match = Readonly<Record<string, MatchValue>>;

/**
 * The declaration of a subscription field with erased types. Its functions are methods, whose parameters are bivariant,
 * so that a declaration with narrower types is assignable.
 */
export interface Declaration {
  topics(args: unknown, context: unknown): MaybePromise<readonly TopicLike[]>;
  match?(args: unknown): Match | readonly Match[];
  facets?(this: void, event: unknown): readonly object[] | "all";
  filter?(event: unknown, args: unknown): MaybePromise<boolean>;
  visible?(event: unknown, details: { readonly viewer: Viewer | undefined; readonly args: unknown }): boolean;
  resolve?(event: unknown, args: unknown): unknown;
  resolveFor?(event: unknown, args: unknown, context: unknown): unknown;
  initial?(args: unknown, context: unknown): unknown;
  snapshot?(args: unknown, context: unknown): MaybePromise<Snapshot<unknown> | undefined>;
  readonly queue?: QueueOptions;
  onUnsubscribe?(args: unknown, context: unknown): MaybePromise<void>;
}

/** A server, from which a declared field gets its events when another executor runs the operation. */
export interface DeclarationHost {
  /** Resolves when the topics are live, with the events from then on that pass `match`, `filter` and `visible`. */
  events(
    declaration: Declaration,
    fieldName: string,
    args: Arguments,
    context: unknown,
  ): Promise<AsyncIterableIterator<unknown>>;
}

/** A declaration and the servers whose schema it is part of. */
export class BoundDeclaration {
  readonly declaration: Declaration;
  readonly #hosts = new Set<DeclarationHost>();

  constructor(declaration: Declaration) {
    this.declaration = declaration;
  }

  bind(host: DeclarationHost): Disposable {
    this.#hosts.add(host);
    return { [Symbol.dispose]: () => void this.#hosts.delete(host) };
  }

  /** The host that was bound last. */
  get host(): DeclarationHost | undefined {
    return [...this.#hosts].at(-1);
  }
}

const byFunction = new WeakMap<object, BoundDeclaration>();

/** Records that `resolver` is the `subscribe` or the `resolve` of a declaration. */
export function rememberDeclaration(resolver: object, bound: BoundDeclaration): void {
  byFunction.set(resolver, bound);
}

/** Whether other code wraps the field's `subscribe`, such as a guard; then that code has to be called. */
export function hasWrappedSource(field: Pick<GraphQLField<unknown, unknown>, "subscribe">): boolean {
  return field.subscribe !== undefined && !byFunction.has(field.subscribe);
}

/** Whether a field's `resolve` is that of its declaration, without a wrapper. */
export function hasDeclaredResolver(field: Pick<GraphQLField<unknown, unknown>, "resolve">): boolean {
  return field.resolve !== undefined && byFunction.has(field.resolve);
}

/** The declaration of a subscription field, found on its `subscribe` function or in its extensions. */
export function declarationOf(
  field: Pick<GraphQLField<unknown, unknown>, "subscribe" | "extensions">,
): BoundDeclaration | undefined {
  const remembered = field.subscribe && byFunction.get(field.subscribe);
  if (remembered) return remembered;
  const extension: unknown = field.extensions["fanfare"];
  if (typeof extension !== "object" || extension === null || !("subscription" in extension)) return undefined;
  return extension.subscription instanceof BoundDeclaration ? extension.subscription : undefined;
}

/** The state at the moment when a subscription becomes live, as events. */
export interface Snapshot<Event> {
  /** Delivered before published events, through the same filter and resolver. */
  readonly events: Iterable<Event> | AsyncIterable<Event>;
  /**
   * Whether `events` already reflect a published event, which is then left out. Called for each event of the operation,
   * so it must be fast. The event is delivered unless it returns true, also when it throws.
   */
  includes(event: Event): boolean;
}
