import { FanfareError } from "../base/error.ts";
import type { Viewer } from "../contract/viewer.ts";
import { BoundDeclaration, rememberDeclaration } from "./declaration.ts";
import type { Arguments, Declaration, MatchValue, MaybePromise } from "./declaration.ts";
import type { OperationContext } from "./operation-handle.ts";
import { queueBound } from "./queue-bound.ts";
import type { QueueOptions } from "./queue.ts";
import { Resolved } from "./resolved.ts";
import { SKIP, SkipError } from "./skip.ts";
import type { Skip } from "./skip.ts";
import type { TopicLike } from "./topic.ts";

/**
 * How one subscription field gets from its arguments to events, and from an event to its value. The arguments are
 * frozen, since everybody who asks the same is handed the same ones.
 */
export interface SubscriptionOptions<Context, Args, Event, Value> {
  /** The topics to listen to. One event that is published to several of them arrives once. */
  topics: (args: Args, context: Context & OperationContext) => MaybePromise<readonly TopicLike<Event>[]>;
  /**
   * Properties the event must have, as data: the server keeps them in an index, so ten thousand different values cost
   * no ten thousand calls. A property that is undefined sets no condition.
   */
  match?: (args: Args) => { readonly [Key in keyof Event]?: MatchValue };
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
 * @throws FanfareError BAD_DECLARATION when both `resolve` and `resolveFor` are given; BAD_OPTION for a queue that cannot
 * be; NOT_BOUND from `subscribe` when
 * no server was created with the field's schema.
 */
export function subscription<Context, Args, Event, Value = Event>(
  options: SubscriptionOptions<Context, Args, Event, Value>,
): SubscriptionField<Context, Args, Value> {
  if (options.resolve && options.resolveFor) {
    throw new FanfareError("BAD_DECLARATION", "A subscription has either `resolve` or `resolveFor`, not both");
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
