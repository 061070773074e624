import type { GraphQLFieldConfig } from "graphql";
import { FanfareError } from "../base/error.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationContext } from "../declare/operation-handle.ts";
import type { QueueOptions } from "../declare/queue.ts";
import type { Skip } from "../declare/skip.ts";
import { subscription, type SubscriptionField, type SubscriptionOptions } from "../declare/subscription.ts";
import { topic, type Topic } from "../declare/topic.ts";
import type { Publisher } from "../declare/publisher.ts";

/** The publisher of a class's broadcasts: a Fanfare, or a {@link Publisher} in a process without a schema. */
export type ClassPublisher = Pick<Publisher, "publish" | "end">;

/** A class that extends {@link Subscription}. */
export interface SubscriptionClass<Payload, Args, Context, Value> {
  new (): Subscription<Payload, Args, Context, Value>;
  readonly namespace: string;
  readonly publisher: ClassPublisher | undefined;
}

/** The other properties of a field's definition. */
export type FieldOptions<Context> = Pick<
  GraphQLFieldConfig<unknown, Context>,
  "type" | "args" | "description" | "deprecationReason"
>;

const everyone = topic("subscription-class", { class: String });
const grouped = topic("subscription-class", { class: String, group: String });

/**
 * A base class with one subclass per subscription field, as in django-channels-graphql-ws. A subscription gets the
 * broadcasts to its groups, and those to its whole class.
 *
 * ```ts
 * class OnMessage extends Subscription<Message, { room: string }> {
 *   override subscribe({ room }: { room: string }) {
 *     return [room];
 *   }
 *   override publish(message: Message) {
 *     return message;
 *   }
 * }
 * const onMessage = OnMessage.field({ type: MessageType, args: { room: { type: GraphQLString } } });
 *
 * Subscription.publisher = createFanfare({ schema });
 * await OnMessage.broadcast({ group: "lobby", payload: message });
 * ```
 */
export abstract class Subscription<Payload, Args = unknown, Context = unknown, Value = unknown> {
  /** A type only: the property does not exist at run time. */
  declare readonly payload: Payload;

  /** The publisher of broadcasts. Set it on this class for all subclasses, or on a subclass for that one. */
  static publisher: ClassPublisher | undefined;

  /** The prefix of the class's groups. Default: the class's name; override it if a bundler renames classes. */
  static get namespace(): string {
    return this.name;
  }

  /**
   * The number of results that may wait for a slow client; one more drops the oldest, and the gap is told. 1: only the
   * latest result is kept. Default 1,024.
   */
  readonly queueLimit: number = 1_024;

  /** Returns the groups to join, of any names. Default: none, so only broadcasts to the whole class arrive. */
  subscribe(_args: Args, _context: Context & OperationContext): MaybePromise<readonly string[] | void> {}

  /**
   * The field's value for a broadcast; SKIP sends nothing. An implementation with at most two parameters is called once
   * for all operations with equal plans. An implementation with a third gets the context, and is called per operation.
   */
  abstract publish(payload: Payload, args: Args, context: Context & OperationContext): MaybePromise<Value | Skip>;

  /** Called once when a subscription ends for any reason, including a lost connection. */
  unsubscribed(_args: Args, _context: Context & OperationContext): MaybePromise<void> {}

  /**
   * The class as a field of the root subscription type.
   *
   * @throws FanfareError BAD_OPTION for a `queueLimit` below 1.
   */
  static field<Payload, Args, Context, Value>(
    this: SubscriptionClass<Payload, Args, Context, Value>,
    options: FieldOptions<Context>,
  ): FieldOptions<Context> & SubscriptionField<Context, Args, Value> {
    return { ...options, ...subscription(optionsOf(this.namespace, new this())) };
  }

  /**
   * Publishes to a group of this class, or without `group` to all its subscriptions. Resolves when the event is stored.
   *
   * @throws FanfareError NOT_BOUND without a `publisher`; EVENT_NOT_STORED and EVENT_UNKNOWN as `Publisher.publish`.
   */
  static async broadcast<Payload, Args, Context, Value>(
    this: SubscriptionClass<Payload, Args, Context, Value>,
    { group, payload }: { readonly group?: string; readonly payload: NoInfer<Payload> },
  ): Promise<void> {
    await publisherOf(this).publish(topicOf<Payload>(this.namespace, group), payload);
  }

  /**
   * Ends the subscriptions of a group of this class, or without `group` all of this class: their clients get
   * `complete`.
   *
   * @throws FanfareError as {@link broadcast}.
   */
  static async unsubscribe<Payload, Args, Context, Value>(
    this: SubscriptionClass<Payload, Args, Context, Value>,
    { group }: { readonly group?: string } = {},
  ): Promise<void> {
    await publisherOf(this).end(topicOf(this.namespace, group));
  }
}

function optionsOf<Payload, Args, Context, Value>(
  namespace: string,
  field: Subscription<Payload, Args, Context, Value>,
): SubscriptionOptions<Context, Args, Payload, Value> {
  return {
    topics: async (args, context) => {
      const groups = namesOf(namespace, await field.subscribe(args, context));
      return [undefined, ...groups].map((group) => topicOf<Payload>(namespace, group));
    },
    ...(ignoresContext(field)
      ? { resolve: (payload, args) => field.publish(payload, args) }
      : { resolveFor: (payload, args, context) => field.publish(payload, args, context) }),
    queue: queueOf(field.queueLimit),
    onUnsubscribe: (args, context) => field.unsubscribed(args, context),
  };
}

/** A class whose `publish` ignores the context, so that its results can be shared. */
interface Shared<Payload, Args, Value> {
  publish(payload: Payload, args: Args): MaybePromise<Value | Skip>;
}

function ignoresContext<Payload, Args, Context, Value>(
  field: Subscription<Payload, Args, Context, Value>,
): field is Subscription<Payload, Args, Context, Value> & Shared<Payload, Args, Value> {
  return field.publish.length <= 2;
}

function queueOf(limit: number): Omit<QueueOptions, "key"> {
  return { messages: limit, overflow: limit === 1 ? "latest" : "drop-oldest" };
}

function topicOf<Payload>(namespace: string, group: string | undefined): Topic<Payload> {
  return group === undefined
    ? everyone.of<Payload>()({ class: namespace })
    : grouped.of<Payload>()({ class: namespace, group });
}

/** Checks the groups: plain JavaScript may return any value, and a string would be iterated by characters. */
function namesOf(namespace: string, groups: unknown): readonly string[] {
  if (groups === undefined || groups === null) return [];
  if (Array.isArray(groups) && groups.every((group) => typeof group === "string")) return groups;
  throw new FanfareError("BAD_DECLARATION", `${namespace}.subscribe must return a list of group names, or nothing`);
}

function publisherOf({
  namespace,
  publisher,
}: Pick<SubscriptionClass<never, never, never, never>, "namespace" | "publisher">): ClassPublisher {
  if (publisher) return publisher;
  throw new FanfareError("NOT_BOUND", `Set ${namespace}.publisher, or Subscription.publisher, before a broadcast`);
}
