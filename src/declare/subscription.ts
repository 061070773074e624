import { takeHandedOver } from "./handover.ts";
import { FanfareError } from "../base/error.ts";
import { checkOptions } from "../base/option-check.ts";
import { aFunction, anything, type RulesOf } from "../base/rule.ts";
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

/** Required values of an event's properties, or of those of its facets. */
export type MatchOf<Event, Facet> = {
  readonly [Key in [Facet] extends [never] ? keyof Event : keyof Facet]?: MatchValue;
};

/**
 * How a subscription field gets from its arguments to topics, and from an event to its value. The arguments are deeply
 * frozen, since operations with equal arguments share one object.
 */
export interface SubscriptionOptions<Context, Args, Event, Value, Facet extends object = never> {
  /** The topics to listen to. An event that is published to several of them is delivered once. */
  topics: (args: Args, context: Context & OperationContext) => MaybePromise<readonly TopicLike<Event>[]>;
  /**
   * Required values of the event's properties. The server indexes them, so ten thousand cohorts with different values
   * do not cost ten thousand calls per event. An undefined property sets no condition. An array holds alternatives; an
   * empty array matches no event. The conditions are copied. Anything but plain objects of primitive values refuses the
   * operation with BAD_DECLARATION.
   */
  match?: (args: Args) => MatchOf<Event, Facet> | readonly MatchOf<Event, Facet>[];
  /**
   * The objects in which `match` is looked up: one of them has to match. Default: the event itself. `all`: the event
   * matches for every operation. Fields with the same topics should share one function, since each different function
   * is called for each event.
   */
  facets?: (this: void, event: Event) => readonly Facet[] | "all";
  /**
   * Decides whether an event is delivered: only true delivers it. Called once for all operations with equal arguments;
   * may be async.
   */
  filter?: (event: Event, args: Args) => MaybePromise<boolean>;
  /**
   * Decides whether a viewer may see an event. Called per operation as the result goes to the socket, so it must be
   * fast. The event is hidden unless it returns true, also when it throws.
   */
  visible?: (event: Event, details: { readonly viewer: Viewer | undefined; readonly args: Args }) => boolean;
  /**
   * The field's value for an event; SKIP sends nothing. Default: the event itself. It gets no context, so that its
   * result can be shared.
   */
  resolve?: (event: Event, args: Args) => MaybePromise<Value | Skip>;
  /** Like `resolve`, with the context, which makes each result private to its session. Excludes `resolve`. */
  resolveFor?: (event: Event, args: Args, context: Context & OperationContext) => MaybePromise<Value | Skip>;
  /** A first value, computed when the topics are live, so that no event after it is lost. SKIP: none. */
  initial?: (args: Args, context: Context & OperationContext) => MaybePromise<Value | Skip>;
  /**
   * Events that are delivered first, read when the topics are live. Events that were published meanwhile follow, except
   * those that the snapshot includes. Excludes `initial`. Undefined: no snapshot.
   */
  snapshot?: (args: Args, context: Context & OperationContext) => MaybePromise<Snapshot<Event> | undefined>;
  /** The bounds of the operation's queue, and what happens when it is full. */
  queue?: Omit<QueueOptions, "key"> & { readonly key?: (event: Event) => string | number };
  /** Called once when the operation ends for any reason, including a lost connection. */
  onUnsubscribe?: (args: Args, context: Context & OperationContext) => MaybePromise<void>;
}

/** The resolvers of a subscription field, to be spread into its definition in a schema of any kind. */
export interface SubscriptionField<Context, Args, Value> {
  readonly subscribe: (source: unknown, args: Args, context: Context) => Promise<AsyncIterableIterator<unknown>>;
  readonly resolve: (source: unknown, args: Args, context: Context) => MaybePromise<Value>;
  /** By which Fanfare finds the declaration where its functions were wrapped. */
  readonly extensions: { readonly fanfare: { readonly subscription: object } };
}

const rules: RulesOf<SubscriptionOptions<unknown, unknown, unknown, unknown>> = {
  topics: aFunction((value) =>
    typeof value === "string" || Array.isArray(value) ? "Write a function that returns them: () => [ … ]" : undefined,
  ),
  match: aFunction((value) =>
    typeof value === "object" ? "Write a function that returns it: (args) => ({ … })" : undefined,
  ),
  facets: aFunction(),
  filter: aFunction(),
  visible: aFunction(),
  resolve: aFunction(),
  resolveFor: aFunction(),
  initial: aFunction(),
  snapshot: aFunction(),
  // Its own rules follow, with BAD_OPTION.
  queue: anything,
  onUnsubscribe: aFunction(),
};

/**
 * Declares a subscription field. Fanfare executes its operations together where sharing is proven safe. For any other
 * executor, `subscribe` returns an ordinary async iterable. Where other code wraps `subscribe`, such as a guard,
 * Fanfare calls that code, and the field's operations share nothing.
 *
 * @throws FanfareError BAD_DECLARATION for an option that is unknown, missing or no function, for both `resolve` and
 * `resolveFor`, or both `initial` and `snapshot`; BAD_OPTION for a queue's bound below 1 or an unknown policy; NOT_BOUND from `subscribe` when no server was created
 * with the field's schema.
 */
export function subscription<Context, Args, Event, Value = Event, Facet extends object = never>(
  options: SubscriptionOptions<Context, Args, Event, Value, Facet>,
): SubscriptionField<Context, Args, Value> {
  checkOptions("subscription", options, rules, { required: ["topics"], code: "BAD_DECLARATION" });
  queueBound(options.queue);
  if (options.resolve && options.resolveFor) {
    throw new FanfareError("BAD_DECLARATION", "A subscription has either `resolve` or `resolveFor`, not both");
  }
  if (options.initial && options.snapshot) {
    throw new FanfareError("BAD_DECLARATION", "A subscription has either `initial` or `snapshot`, not both");
  }
  return fieldOf(options);
}

function fieldOf<Context, Args, Value>(declaration: Declaration): SubscriptionField<Context, Args, Value>;
function fieldOf(declaration: Declaration): SubscriptionField<unknown, Arguments, unknown> {
  const bound = new BoundDeclaration(declaration);
  // Without `info`, as graphql-js passes it, the field has no name in the log.
  const subscribe = async (
    _source: unknown,
    args: Arguments,
    context: unknown,
    info?: { readonly fieldName: string },
  ) => {
    if (!bound.host) {
      throw new FanfareError("NOT_BOUND", "Create a Fanfare with this schema before the first subscription");
    }
    return bound.host.events(declaration, info?.fieldName ?? "", args, context);
  };
  const resolve = (source: unknown, args: Arguments, context: unknown): unknown => {
    const computed = source instanceof Resolved ? source : takeHandedOver(declaration);
    if (computed) return computed.take();
    const value = valueOf(declaration, source, args, context);
    return value instanceof Promise ? value.then(orSkip) : orSkip(value);
  };
  rememberDeclaration(subscribe, bound);
  rememberDeclaration(resolve, bound);
  return { subscribe, resolve, extensions: { fanfare: { subscription: bound } } };
}

/** The field's value for an event, or SKIP. */
export function valueOf(declaration: Declaration, event: unknown, args: unknown, context: unknown): unknown {
  if (declaration.resolveFor) return declaration.resolveFor(event, args, context);
  return declaration.resolve ? declaration.resolve(event, args) : event;
}

function orSkip(value: unknown): unknown {
  if (value === SKIP) throw new SkipError();
  return value;
}
