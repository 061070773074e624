import { AsyncLocalStorage } from "node:async_hooks";
import { blamed } from "./base/blame.ts";
import { Deadlines } from "./base/deadlines.ts";
import { FanfareError } from "./base/error.ts";
import { Lifetime } from "./base/lifetime.ts";
import { checkArgument, checkOptions } from "./base/option-check.ts";
import {
  anObject,
  anObjectOf,
  anything,
  aNumber,
  aText,
  must,
  propertyOf,
  type Rule,
  type RulesOf,
} from "./base/rule.ts";
import { aDialect, aSocket } from "./contract/part-rules.ts";
import type { SocketHandler, Socket } from "./contract/socket.ts";
import type { Source, Transaction } from "./contract/source.ts";
import type { FormattedResult } from "./contract/request-engine.ts";
import { telemetry } from "./contract/telemetry.ts";
import { declarationOf, type MaybePromise } from "./declare/declaration.ts";
import { publish, publishRules, topicNames, type PublishOptions, type Topics } from "./declare/publish.ts";
import type { Dialect } from "./dialects/dialect.ts";
import type { OperationRequest } from "./dialects/message.ts";
import { Engine } from "./engine/engine.ts";
import { errorFormatter } from "./engine/execution/error-format.ts";
import { createRelay, type Relay } from "./relay/relay.ts";
import type { RelayedModel } from "./relay/relayed-model.ts";
import { checkSubscriptionFields } from "./silent-fields.ts";
import { resolveOptions, type FanfareOptions, type ResolvedOptions } from "./options.ts";
import type { Connection, ContextInput } from "./operation/connection.ts";
import { contextWith, viewOf } from "./operation/context.ts";
import { ownedRequest } from "./operation/owned-request.ts";
import { ForeignOperations } from "./operation/foreign-operation.ts";
import type { SessionHost } from "./session/host.ts";
import { LocalSubscription } from "./operation/local-subscription.ts";
import { RateLimit } from "./session/rate-limit.ts";
import { RequestBudget } from "./session/request-budget.ts";
import { SessionRegistry } from "./session/registry.ts";
import { Session } from "./session/session.ts";
import { Transports, type AttachOptions, type ListenOptions } from "./transports.ts";
import type { HttpHandler } from "./transports/http/node-handler.ts";
import type { HttpService } from "./transports/exchange/exchange.ts";
import type { Server } from "./transports/server/listen.ts";
import type { HttpServer } from "./transports/server/path-claims.ts";

/** The request of an operation in the same process. */
export interface LocalRequest<Context> extends OperationRequest {
  /** The context, or a function that returns one for each execution. Default: an empty context. */
  readonly context?: Context | (() => MaybePromise<Context>);
  /** Results that may wait for the reader; one more ends the iteration with OVERFLOW. Default: 256. */
  readonly limit?: number;
}

/** Options of {@link Fanfare.publish}. */
type PublishingOptions = PublishOptions & { readonly transaction?: Transaction };

const orNull =
  (rule: Rule): Rule =>
  (name, value) =>
    value === null ? undefined : rule(name, value);

/** The request may be a client's, so null counts as absent and further properties are ignored. */
const requestRules: RulesOf<LocalRequest<unknown>> = {
  query: aText((value) =>
    propertyOf(value, "kind") === "Document" ? "Write print(document), with print of graphql" : undefined,
  ),
  operationName: orNull(aText()),
  variables: orNull(anObject),
  extensions: orNull(anObject),
  context: anything,
  limit: aNumber(1),
};
const aRequest = anObjectOf(requestRules, ["query"]);

const publishingRules: RulesOf<PublishingOptions> = {
  ...publishRules,
  transaction: must(
    "an open transaction of the source's database, with a function query",
    (value) => typeof propertyOf(value, "query") === "function",
    (value) =>
      typeof propertyOf(value, "execute") === "function"
        ? "In Drizzle, call fanfare.publish in SQL, as the guide on capture shows"
        : undefined,
  ),
};

/** A GraphQL subscriptions server: one schema, one broker, any number of clients. */
export class Fanfare<Context = unknown> implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #lifetime = new Lifetime();
  readonly #engine: Engine;
  readonly #host: SessionHost;
  readonly #sessions: SessionRegistry;
  readonly #transports: Transports;
  /** Publishes the changes that the `source` captures, on this server's broker; undefined without a source. */
  readonly relay: Relay | undefined;
  readonly #source: Source | undefined;
  #sessionCount = 0;

  constructor(options: FanfareOptions<Context>) {
    this.#options = resolveOptions(options);
    const { broker, clock, documentCache, documentLimits, execution, sessionLimits, topicLimits } = this.#options;
    const { formatError, introspection, linger, log, slice } = this.#options;
    const inContext = AsyncLocalStorage.snapshot();
    const format = errorFormatter(formatError, log);
    this.#engine = this.#lifetime.attach(
      new Engine({
        schema: options.schema,
        broker,
        clock,
        log,
        triggers: options.triggers ?? {},
        shareBy: options.shareBy,
        sharedContext: options.sharedContext ?? (() => ({})),
        formatError: format,
        formatResponse: options.formatResponse,
        documentLimits,
        documentCache,
        introspection,
        topicLimits,
        strictRootField: options.strictRootField ?? false,
        rules: options.rules ?? [],
        linger,
        slice,
        ...execution,
        inContext,
      }),
    );
    this.#sessions = this.#lifetime.attach(new SessionRegistry(sessionLimits, clock, this.#options.keepAlive));
    this.#host = {
      engine: this.#engine,
      fanOut: this.#engine.fanOut,
      clock,
      log,
      limits: sessionLimits,
      rate: new RateLimit(sessionLimits.messagesPerSecond, sessionLimits.messageBurst),
      // One message of the size that is allowed is always allowed.
      byteRate: new RateLimit(
        sessionLimits.bytesPerSecond,
        Math.max(sessionLimits.byteBurst, sessionLimits.messageBytes),
      ),
      requests: new RequestBudget(sessionLimits),
      hooks: options,
      formatError: format,
      ordering: options.ordering ?? "concurrent",
      warnAfter: this.#options.warnAfter,
      slow: this.#lifetime.attach(new Deadlines(clock, this.#options.warnAfter)),
      init: this.#lifetime.attach(new Deadlines(clock, sessionLimits.initMilliseconds)),
      ack: this.#lifetime.attach(new Deadlines(clock, sessionLimits.ackMilliseconds)),
      registry: this.#sessions,
      contextOf: (connection, request, operation) =>
        options.context
          ? contextWith(calledContext(options.context, { connection, request, operation }), operation)
          : viewOf(connection.connected, operation),
    };
    this.#transports = this.#lifetime.attach(
      new Transports(this.#host, options, this.#options.transportLimits, (socket, dialect) =>
        this.#open(socket, dialect),
      ),
    );
    checkSubscriptionFields(options.schema, options.triggers, log);
    this.#bindDeclarations();
    this.#source = options.source;
    this.relay = options.source && this.#relayed(options.source, options.models ?? []);
  }

  /**
   * Answers HTTP requests by JSON or by server-sent events: a listener of Node's `request` event, and a middleware of
   * Express. For other runtimes, use `fetchHandler` of `fanfare/fetch`.
   */
  get nodeHandler(): HttpHandler {
    return this.#transports.nodeHandler;
  }

  /** Answers HTTP requests of any runtime: {@link nodeHandler} and `fetchHandler` are adapters of it. */
  get service(): HttpService {
    return this.#transports.service;
  }

  /**
   * Serves GraphQL on a server of its own: HTTP, server-sent events and WebSocket, on one path.
   *
   * @throws FanfareError BAD_OPTION for an option that is unknown or not allowed, CLOSED after disposal; Node's error when
   * the port is not available.
   */
  async listen(options: ListenOptions = {}): Promise<Server> {
    this.#assertOpen();
    return this.#transports.listen(options);
  }

  /**
   * Serves one path of an existing server, such as that of Express, Fastify or Hono: HTTP and WebSocket, before the
   * framework gets them. Other paths stay as they are. Disposing the result, or this Fanfare, gives the path back. Set
   * `http` to false to mount {@link nodeHandler} in the framework.
   *
   * @throws FanfareError BAD_OPTION for a server that is not Node's, such as an application of Express, and for a path
   * that does not begin with a slash or is served already; CLOSED.
   */
  attach(server: HttpServer, options: AttachOptions = {}): Disposable {
    this.#assertOpen();
    return this.#transports.attach(server, options);
  }

  /**
   * Publishes an event to one topic or to several, and resolves when the broker has stored it. An operation that
   * listens to several of the topics gets it once. While 1,024 events or more wait for execution in this process, it
   * resolves a turn of the event loop later (back-pressure), so that a loop that awaits it cannot outrun its readers.
   *
   * With a `transaction` of the `source`'s database, the event is published when that commits, and never if it is
   * rolled back (transactional outbox). The payload then has to be JSON, and the promise resolves when it is written.
   *
   * @throws FanfareError EVENT_NOT_STORED, EVENT_UNKNOWN, or CLOSED after disposal; BAD_OPTION for topics that are none,
   * for an option that is not allowed, and for a transaction without a source. With a transaction the database's own error, after which that can only be rolled back.
   */
  async publish<Payload>(
    topics: Topics<Payload>,
    payload: NoInfer<Payload>,
    options?: PublishOptions & { readonly transaction?: Transaction },
  ): Promise<void> {
    this.#assertOpen();
    if (options !== undefined) checkOptions("publish", options, publishingRules);
    const { transaction, ...rest } = options ?? {};
    if (transaction) return this.#publishIn(transaction, topics, payload, rest);
    await publish(this.#options.broker, this.#options.clock, topics, { ...rest, payload });
    // A loop of publishes stays in the queue of microtasks otherwise, and nothing that it publishes is executed.
    const turn = this.#engine.pressure.nextTurn();
    if (turn) await turn;
  }

  /**
   * Ends the subscriptions of topics, after all events that were published before: their clients get `complete`.
   *
   * @throws FanfareError like {@link publish}.
   */
  async end(topics: Topics): Promise<void> {
    this.#assertOpen();
    await publish(this.#options.broker, this.#options.clock, topics, { payload: null, end: true });
  }

  /**
   * Runs an operation in this process, without a socket. Resolves when a subscription is live. Errors of the request
   * are its only result. Leave the iteration, or dispose the iterator, to unsubscribe.
   *
   * @throws FanfareError BAD_OPTION for a request that is none, CLOSED after disposal. The iteration throws OVERFLOW and
   * BROKER_UNAVAILABLE.
   */
  async subscribe(request: LocalRequest<Context>): Promise<AsyncIterableIterator<FormattedResult> & AsyncDisposable> {
    this.#assertOpen();
    checkArgument("subscribe", "request", request, aRequest);
    const { context, limit = 256 } = request;
    const contextOf = isFunction(context) ? context : () => context;
    const subscription: LocalSubscription = new LocalSubscription({
      engine: this.#engine,
      formatError: this.#host.formatError,
      log: this.#host.log,
      request: ownedRequest(request),
      context: (operation) => contextWith(contextOf(), operation),
      limit,
      onEnd: () => this.#lifetime.release(subscription.values),
    });
    this.#lifetime.attach(subscription.values);
    await subscription.start();
    return subscription.values;
  }

  /** Closes every connection with 1012, so that clients reconnect, and then everything that this server has opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessions.drain();
    await this.#lifetime[Symbol.asyncDispose]();
    if (this.#options.ownsBroker) await this.#options.broker[Symbol.asyncDispose]();
  }

  /**
   * Opens a session on a socket of any transport that keeps the contract.
   *
   * @throws FanfareError CLOSED after disposal.
   */
  accept(socket: Socket, dialect: Dialect): SocketHandler & Connection {
    this.#assertOpen();
    checkArgument("accept", "socket", socket, aSocket);
    checkArgument("accept", "dialect", dialect, aDialect);
    return this.#open(socket, dialect);
  }

  /** Opens a session for a transport of this package, whose sockets need no check. */
  #open(socket: Socket, dialect: Dialect): Session {
    this.#assertOpen();
    this.#sessionCount += 1;
    const session = new Session(this.#host, socket, dialect, String(this.#sessionCount));
    this.#sessions.add(session);
    const channel = telemetry["session.opened"];
    if (channel.hasSubscribers) {
      channel.publish({ session: session.id, dialect: dialect.name, address: socket.peer.address });
    }
    return session;
  }

  async #publishIn(
    transaction: Transaction,
    topics: Topics,
    payload: unknown,
    { id = crypto.randomUUID() }: PublishOptions,
  ): Promise<void> {
    if (!this.#source)
      throw new FanfareError("BAD_OPTION", "To publish in a transaction, createFanfare needs a `source`");
    for (const topic of topicNames(topics)) await this.#source.publish(transaction, { topic, payload, id });
  }

  #relayed(source: Source, models: readonly RelayedModel[]): Relay {
    const { broker, clock, log } = this.#options;
    const whenReady = (): Promise<void> | undefined => this.#engine.pressure.whenLow();
    const relay = this.#lifetime.attach(createRelay({ source, broker, models, whenReady, clock, log }));
    // Not an unhandled rejection: the relay retries, and logs its failures. An application may await `started` itself.
    relay.started.catch(() => {});
    return relay;
  }

  #assertOpen(): void {
    if (this.#lifetime.ended) throw new FanfareError("CLOSED", "This Fanfare was disposed");
  }

  /** Lets other executors run the declared fields of this schema. */
  #bindDeclarations(): void {
    const host = this.#lifetime.attach(new ForeignOperations(this.#engine.fields, this.#options.log));
    const fields = this.#engine.schema.getSubscriptionType()?.getFields() ?? {};
    for (const field of Object.values(fields)) {
      const bound = declarationOf(field);
      if (bound) this.#lifetime.attach(bound.bind(host));
    }
  }
}

/**
 * Creates a server for a schema.
 *
 * @throws FanfareError BAD_OPTION for an option that is unknown, missing or not allowed. The message says what was given,
 * what is allowed, and the usual cure.
 */
export function createFanfare<Context = unknown>(options: FanfareOptions<Context>): Fanfare<Context> {
  return new Fanfare(options);
}

/** Without a closure: it is called for each private execution. */
function calledContext<Context>(
  context: (input: ContextInput) => MaybePromise<Context>,
  input: ContextInput,
): MaybePromise<Context> {
  try {
    return context(input);
  } catch (error) {
    throw blamed(error, "context");
  }
}

function isFunction<Value>(value: Value | (() => MaybePromise<Value>) | undefined): value is () => MaybePromise<Value> {
  return typeof value === "function";
}
