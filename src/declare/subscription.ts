import { FanfareError } from "../base/error.ts";
import type { Viewer } from "../contract/viewer.ts";
import {
  BoundDeclaration,
  rememberDeclaration,
  type Arguments,
  type Declaration,
  type MatchValue,
  type MaybePromise,
  type Snapshot,
} from "./declaration.ts";
import type { OperationContext } from "./operation-handle.ts";
import { queueBound, type QueueOptions } from "./queue.ts";
import { Resolved } from "./resolved.ts";
import { SKIP, SkipError, type Skip } from "./skip.ts";
import type { TopicLike } from "./topic.ts";

/** Conditions on an event's own properties, or on those of its facets. */
export type MatchOf<Event, Facet> = {
  readonly [Key in [Facet] extends [never] ? keyof Event : keyof Facet]?: MatchValue;
};

/**
 * How one subscription field gets from its arguments to events, and from an event to its value. The arguments are
 * frozen, since everybody who asks the same is handed the same ones.
 */
export interface SubscriptionOptions<Context, Args, Event, Value, Facet extends object = never> {
  /** The topics to listen to. One event that is published to several of them arrives once. */
  topics: (args: Args, context: Context & OperationContext) => MaybePromise<readonly TopicLike<Event>[]>;
  /**
   * Properties the event must have, as data: the server keeps them in an index, so ten thousand different values cost
   * no ten thousand calls. A property that is undefined sets no condition. Of an array one element has to be met; an
   * empty one is met by nothing.
   */
  match?: (args: Args) => MatchOf<Event, Facet> | readonly MatchOf<Event, Facet>[];
  /**
   * The objects that `match` is looked up in, of which one has to meet it; the event itself without it. `all`: the event
   * concerns everybody. Give every field with the same topics the same function: an event is taken apart once for each.
   */
  facets?: (this: void, event: Event) => readonly Facet[] | "all";
  /** Decides what `match` cannot say. Called once for everybody with the same arguments; may be async. */
  filter?: (event: Event, args: Args) => MaybePromise<boolean>;
  /** Decides for one viewer, at the moment the result leaves. Must be quick; throwing hides the event. */
  visible?: (event: Event, who: { readonly viewer: Viewer | undefined; readonly args: Args }) => boolean;
  /** The field's value; the event itself without it. Gets no context, so its result can be shared. SKIP sends nothing. */
  resolve?: (event: Event, args: Args) => MaybePromise<Value | Skip>;
  /** The same with the context, which makes every result private to its session. Excludes `resolve`. */
  resolveFor?: (event: Event, args: Args, context: Context & OperationContext) => MaybePromise<Value | Skip>;
  /** A first value, computed when the topics are live: no event is lost between it and what follows. SKIP: none. */
  initial?: (args: Args, context: Context & OperationContext) => MaybePromise<Value | Skip>;
  /**
   * Events that go first, read when the topics are live; what is published meanwhile follows, without what they show
   * already. Excludes `initial`. Undefined: nothing goes first.
   */
  snapshot?: (args: Args, context: Context & OperationContext) => MaybePromise<Snapshot<Event> | undefined>;
  /** What may wait for a slow client. */
  queue?: Omit<QueueOptions, "key"> & { readonly key?: (event: Event) => string | number };
  /** Called once when the operation ends for whatever reason, also when its socket dies. */
  onUnsubscribe?: (args: Args, context: Context & OperationContext) => MaybePromise<void>;
}

/** The two resolvers of a subscription field, to be spread into its definition in any kind of schema. */
export interface SubscriptionField<Context, Args, Value> {
  readonly subscribe: (source: unknown, args: Args, context: Context) => Promise<AsyncIterableIterator<unknown>>;
  readonly resolve: (source: unknown, args: Args, context: Context) => MaybePromise<Value>;
  readonly extensions: { readonly fanfare: { readonly subscription: BoundDeclaration } };
}

/**
 * Declares a subscription field. Run by Fanfare, its operations share work wherever that is proven safe; run by any
 * other executor, `subscribe` answers an ordinary async iterable. Where other code stands around `subscribe`, such as a
 * guard, Fanfare calls it, and the field's operations share nothing.
 *
 * @throws FanfareError BAD_DECLARATION when both `resolve` and `resolveFor` are given, or both `initial` and `snapshot`;
 * BAD_OPTION for a queue that cannot be; NOT_BOUND from `subscribe` when no server was created with the field's schema.
 */
export function subscription<Context, Args, Event, Value = Event, Facet extends object = never>(
  options: SubscriptionOptions<Context, Args, Event, Value, Facet>,
): SubscriptionField<Context, Args, Value> {
  if (options.resolve && options.resolveFor) {
    throw new FanfareError("BAD_DECLARATION", "A subscription has either `resolve` or `resolveFor`, not both");
  }
  if (options.initial && options.snapshot) {
    throw new FanfareError("BAD_DECLARATION", "A subscription has either `initial` or `snapshot`, not both");
  }
  queueBound(options.queue);
  return fieldOf(options);
}

function fieldOf<Context, Args, Value>(declaration: Declaration): SubscriptionField<Context, Args, Value>;
function fieldOf(declaration: Declaration): SubscriptionField<unknown, Arguments, unknown> {
  const bound = new BoundDeclaration(declaration);
  const subscribe = async (_source: unknown, args: Arguments, context: unknown) => {
    if (!bound.host) {
      throw new FanfareError("NOT_BOUND", "Create a Fanfare with this schema before the first subscription");
    }
    return bound.host.events(declaration, args, context);
  };
  const resolve = (source: unknown, args: Arguments, context: unknown): unknown => {
    if (source instanceof Resolved) return source.take();
    const value = valueOf(declaration, source, args, context);
    return value instanceof Promise ? value.then(orSkip) : orSkip(value);
  };
  rememberDeclaration(subscribe, bound);
  rememberDeclaration(resolve, bound);
  return { subscribe, resolve, extensions: { fanfare: { subscription: bound } } };
}

/** The field's value for an event; SKIP where nothing is to be sent. */
export function valueOf(declaration: Declaration, event: unknown, args: unknown, context: unknown): unknown {
  if (declaration.resolveFor) return declaration.resolveFor(event, args, context);
  return declaration.resolve ? declaration.resolve(event, args) : event;
}

function orSkip(value: unknown): unknown {
  if (value === SKIP) throw new SkipError();
  return value;
}
