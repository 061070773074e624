import type { GraphQLField } from "graphql";
import type { Viewer } from "../contract/viewer.ts";
import type { QueueOptions } from "./queue.ts";
import type { TopicLike } from "./topic.ts";

export type MaybePromise<Value> = Value | Promise<Value>;
export type Arguments = Readonly<Record<string, unknown>>;

/** A value that can be compared by equality and indexed. */
export type MatchValue = string | number | boolean | bigint | null | undefined;

/** Conditions of equality, all of which an object's properties have to meet. */
export type Match = Readonly<Record<string, MatchValue>>;

/**
 * What a subscription field declared, with its types erased. Written as methods, so that a field with narrower types
 * is one of these.
 */
export interface Declaration {
  topics(args: unknown, context: unknown): MaybePromise<readonly TopicLike[]>;
  match?(args: unknown): Match | readonly Match[];
  facets?(this: void, event: unknown): readonly object[] | "all";
  filter?(event: unknown, args: unknown): MaybePromise<boolean>;
  visible?(event: unknown, who: { readonly viewer: Viewer | undefined; readonly args: unknown }): boolean;
  resolve?(event: unknown, args: unknown): unknown;
  resolveFor?(event: unknown, args: unknown, context: unknown): unknown;
  initial?(args: unknown, context: unknown): unknown;
  snapshot?(args: unknown, context: unknown): MaybePromise<Snapshot<unknown> | undefined>;
  readonly queue?: QueueOptions;
  onUnsubscribe?(args: unknown, context: unknown): MaybePromise<void>;
}

/** Where a declared field finds its events when another executor runs it. */
export interface DeclarationHost {
  /** Events of these topics that pass `match`, `filter` and `visible`, from the moment it resolves. */
  events(declaration: Declaration, args: Arguments, context: unknown): Promise<AsyncIterableIterator<unknown>>;
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

  /** The server that was created last. */
  get host(): DeclarationHost | undefined {
    return [...this.#hosts].at(-1);
  }
}

const byFunction = new WeakMap<object, BoundDeclaration>();

/** Notes that `resolver` is one of a declaration's own two. */
export function rememberDeclaration(resolver: object, bound: BoundDeclaration): void {
  byFunction.set(resolver, bound);
}

/** Whether other code stands around the field's `subscribe`, such as a guard: then it has to be called. */
export function hasWrappedSource(field: Pick<GraphQLField<unknown, unknown>, "subscribe">): boolean {
  return field.subscribe !== undefined && !byFunction.has(field.subscribe);
}

/** Whether a field still has the resolver of its declaration, and no wrapper around it. */
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

/** What is so already when a subscription becomes live. */
export interface Snapshot<Event> {
  /** Go first, through the same filter and resolver as what is published. */
  readonly events: Iterable<Event> | AsyncIterable<Event>;
  /**
   * Whether `events` show already what a published event tells: then it is left out. Asked for every event of the
   * operation, so it must be quick; if it throws, the event is delivered.
   */
  includes(event: Event): boolean;
}
