import type { GraphQLFieldConfig } from "graphql";
import { FanfareError } from "../base/error.ts";
import type { MaybePromise } from "../declare/declaration.ts";
import type { OperationContext } from "../declare/operation-handle.ts";
import type { QueueOptions } from "../declare/queue.ts";
import type { Skip } from "../declare/skip.ts";
import { subscription, type SubscriptionField, type SubscriptionOptions } from "../declare/subscription.ts";
import { topic, type Topic } from "../declare/topic.ts";
import type { Publisher } from "../declare/publisher.ts";

/** What a class broadcasts by: a Fanfare, or a publisher in a process that has no schema. */
export type ClassPublisher = Pick<Publisher, "publish" | "end">;

/** A class that extends {@link Subscription}. */
export interface SubscriptionClass<Payload, Args, Context, Value> {
  new (): Subscription<Payload, Args, Context, Value>;
  readonly namespace: string;
  readonly publisher: ClassPublisher | undefined;
}

/** The rest of a field's definition. */
export type FieldOptions<Context> = Pick<
  GraphQLFieldConfig<unknown, Context>,
  "type" | "args" | "description" | "deprecationReason"
>;

const everyone = topic("subscription-class", { class: String });
const grouped = topic("subscription-class", { class: String, group: String });

/**
 * One class per subscription field, as in django-channels-graphql-ws. A subscription hears what is broadcast to its
 * groups, and what is broadcast to its whole class.
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
  /** Only a type; there is no such property. */
  declare readonly payload: Payload;

  /** What broadcasts go through: for all classes if it is set here, for one class and those below it if it is set there. */
  static publisher: ClassPublisher | undefined;

  /** Keeps the groups of two classes apart. The class's name; override it where a bundler renames classes. */
  static get namespace(): string {
    return this.name;
  }

  /** Results that may wait for a slow client; the oldest goes when one more comes. 1: the latest state only. */
  readonly queueLimit: number = 1_024;

  /** Joins groups, of any names. Without it, or without an answer, only broadcasts to the whole class are heard. */
  subscribe(_args: Args, _context: Context & OperationContext): MaybePromise<readonly string[] | void> {}

  /**
   * The field's value for what was broadcast. SKIP sends nothing. An implementation with two parameters or fewer is
   * called once for everybody who asked the same question; one with a third gets the context, and is called for each
   * client.
   */
  abstract publish(payload: Payload, args: Args, context: Context & OperationContext): MaybePromise<Value | Skip>;

  /** Called once when a subscription ends for whatever reason, also when its socket dies. */
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
   * Publishes to a group of this class, or without one to everybody on this class. Resolves when the event is stored.
   *
   * @throws FanfareError NOT_BOUND without a `publisher`; EVENT_NOT_STORED, EVENT_UNKNOWN.
   */
  static async broadcast<Payload, Args, Context, Value>(
    this: SubscriptionClass<Payload, Args, Context, Value>,
    { group, payload }: { readonly group?: string; readonly payload: NoInfer<Payload> },
  ): Promise<void> {
    await publisherOf(this).publish(topicOf<Payload>(this.namespace, group), payload);
  }

  /**
   * Ends the subscriptions of a group of this class, or without one all of this class: their clients get `complete`.
   *
   * @throws FanfareError like {@link broadcast}.
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

/** A class whose `publish` can serve everybody who asks the same. */
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

/** Plain JavaScript may answer anything; a text would be taken letter by letter. */
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
