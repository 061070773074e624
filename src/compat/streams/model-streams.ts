import { GraphQLError, GraphQLID, GraphQLList, GraphQLNonNull, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { closeCodes } from "../../base/close-code.ts";
import { FanfareError } from "../../base/error.ts";
import { checkOptions } from "../../base/option-check.ts";
import { aFunction, aNumber, aText, type Rules, type RulesOf } from "../../base/rule.ts";
import type { Log } from "../../contract/log.ts";
import { aLog } from "../../contract/part-rules.ts";
import type { Peer } from "../../contract/peer.ts";
import type { Socket, SocketHandler } from "../../contract/socket.ts";
import type { Viewer } from "../../contract/viewer.ts";
import { command } from "../../declare/command.ts";
import { consents } from "../../declare/consent.ts";
import type { OperationContext } from "../../declare/operation-handle.ts";
import { invalidAction, permissionDenied, streams } from "../../dialects/streams.ts";
import type { Fanfare } from "../../fanfare.ts";
import { consoleLog } from "../../observe/console-log.ts";
import { guardedLog } from "../../observe/guarded-log.ts";
import type { HttpServer } from "../../transports/server/path-claims.ts";
import { ModelStream, type StreamedModel, type StreamOptions } from "./model-stream.ts";
import { actionWords, isAction, rowActions, type StreamAction, type StreamOperation } from "./stream-action.ts";
import { StreamChannel, type ChannelKeeper } from "./stream-channel.ts";
import { actionType, operationType, resultType } from "./stream-types.ts";

/** The client that has opened a channel, or that requests a subscription for it. */
export interface StreamClient {
  /** Undefined for code in the same process, and where another executor runs the field. */
  readonly peer: Peer | undefined;
  readonly viewer: Viewer | undefined;
}

/** A request to subscribe over HTTP, or a client's frame on a channel. */
export interface StreamRequest {
  readonly stream: string;
  /** `create`, `update`, `delete` or `all_actions`; any text in a frame. */
  readonly action: string;
  /** The id of the only row; null for all rows, and for frames. */
  readonly id: string | null;
}

export interface ModelStreamsOptions {
  /**
   * Gives the owner of a channel: only a request with the same owner may subscribe it. Undefined: no owner, so no
   * request may. Default: the viewer, or else the network address, which behind a proxy needs the server's option
   * `trustProxy`.
   */
  readonly owner?: (client: StreamClient) => string | undefined;
  /**
   * Whether a client may subscribe; a refusal is "Permission Denied". Default: it may, within what the model makes
   * visible to it.
   */
  readonly permits?: (request: StreamRequest, client: StreamClient) => boolean;
  /** The largest number of open channels. Default 10,000; Infinity: no limit. One more is closed with 1013. */
  readonly channels?: number;
  /** Where errors go. Default: the standard error stream. */
  readonly log?: Log;
}

const rules: RulesOf<ModelStreamsOptions> = {
  owner: aFunction(),
  permits: aFunction(),
  channels: aNumber(1),
  log: aLog,
};

const attachRules: Rules = { path: aText() };

/** The value of a stream's field. */
interface StreamResult {
  readonly ok: boolean;
  readonly error: string | null;
  readonly stream: string;
  readonly operation: StreamOperation;
  readonly action: StreamAction;
}

type Arguments = Readonly<Record<string, unknown>>;

/**
 * Multiplexed notifications of models, as in graphene-django-subscriptions: a client opens a WebSocket without a
 * subprotocol, gets the id of its channel, and subscribes that channel by GraphQL over HTTP.
 *
 * ```ts
 * const streams = new ModelStreams();
 * const carSubscription = streams.subscription(Car, { stream: "cars" });
 * const fanfare = createFanfare({ schema: schemaWith({ ...Car.subscriptions, carSubscription }) });
 * streams.attach(fanfare, server);
 * ```
 */
export class ModelStreams {
  readonly #options: ModelStreamsOptions;
  readonly #log: Log;
  readonly #names = new Set<string>();
  /** The acknowledged channels by id. */
  readonly #channels = new Map<string, StreamChannel>();
  readonly #open = new Set<StreamChannel>();
  readonly #keeper: ChannelKeeper = {
    refuse: ({ action, stream }, channel) => {
      if (!this.#names.has(stream)) return { status: 400, reason: `There is no stream ${JSON.stringify(stream)}` };
      return this.#permits({ stream, action, id: null }, channel) ? invalidAction : permissionDenied;
    },
    opened: (channel) => void this.#channels.set(channel.id, channel),
    closed: (channel) => {
      this.#channels.delete(channel.id);
      this.#open.delete(channel);
    },
  };

  /** @throws FanfareError BAD_OPTION for an option that is unknown or not allowed. */
  constructor(options: ModelStreamsOptions = {}) {
    checkOptions("ModelStreams", options, rules);
    const { channels = 10_000, log = consoleLog } = options;
    this.#options = { ...options, channels };
    this.#log = guardedLog(log);
  }

  /** The number of open channels. */
  get channels(): number {
    return this.#open.size;
  }

  /**
   * Makes the field by which clients subscribe a channel to a model's changes, and unsubscribe it. The model's own
   * field of changes must be in the same schema. For a schema in the schema definition language, use the field's
   * `subscribe` and `resolve`.
   *
   * @throws FanfareError BAD_DECLARATION for a stream's name that is in use, or a model with the payload `key`.
   */
  subscription(model: StreamedModel, options: StreamOptions): GraphQLFieldConfig<unknown, unknown> {
    const stream = new ModelStream(model, options);
    if (this.#names.has(stream.name)) {
      throw new FanfareError("BAD_DECLARATION", `There are two streams with the name ${JSON.stringify(stream.name)}`);
    }
    this.#names.add(stream.name);
    return {
      type: new GraphQLNonNull(resultType),
      description: options.description ?? `Subscribes a channel to changes of ${model.name}, or unsubscribes it.`,
      args: {
        operation: { type: new GraphQLNonNull(operationType) },
        action: { type: new GraphQLNonNull(actionType) },
        channelId: { type: new GraphQLNonNull(GraphQLString), description: "What the WebSocket was told first." },
        id: { type: GraphQLID, description: "Of one row. Default: all rows." },
        data: {
          type: new GraphQLList(new GraphQLNonNull(stream.fieldType)),
          description: "The fields that this subscription's notifications have. Default: all.",
        },
      },
      subscribe: command(async (_source: unknown, args: Arguments, context: unknown) =>
        once(await this.#run(stream, args, clientOf(context))),
      ),
      resolve: (result) => result,
      extensions: { fanfare: { command: true } },
    };
  }

  /**
   * Serves channels at a path of an HTTP server, with the sessions, limits and allowed origins of a Fanfare. Requests
   * that are no WebSocket upgrades are left to the server's other listeners. Disposing the result closes the channels.
   *
   * @param options `path`: default `/streams`.
   * @throws FanfareError BAD_OPTION for a path that does not begin with a slash or is served already; CLOSED after the
   * end.
   */
  attach(
    fanfare: Pick<Fanfare, "accept" | "attach">,
    server: HttpServer,
    options: { readonly path?: string } = {},
  ): Disposable {
    checkOptions("attach", options, attachRules);
    const { path = "/streams" } = options;
    const websocket = {
      dialects: [streams(() => invalidAction)],
      accept: (socket: Socket) => this.accept(fanfare, socket),
    };
    return fanfare.attach(server, { path, http: false, websocket });
  }

  /** Opens a channel on a socket of any transport. @throws FanfareError CLOSED after the end. */
  accept(fanfare: Pick<Fanfare, "accept">, socket: Socket): SocketHandler {
    const channel = new StreamChannel(socket, this.#keeper);
    const { channels = 0 } = this.#options;
    const isFull = this.#open.size >= channels;
    this.#open.add(channel);
    if (isFull) channel.close(closeCodes.overload.code, closeCodes.overload.reason);
    else channel.open((...args) => fanfare.accept(...args));
    return channel;
  }

  async #run(stream: ModelStream, args: Arguments, client: StreamClient): Promise<StreamResult> {
    const operation = args["operation"] === "UNSUBSCRIBE" ? "UNSUBSCRIBE" : "SUBSCRIBE";
    const action = isAction(args["action"]) ? args["action"] : "ALL_ACTIONS";
    const answer = { stream: stream.name, operation, action } as const;
    try {
      await this.#carryOut(stream, operation, action, args, client);
      return { ok: true, error: null, ...answer };
    } catch (error) {
      return { ok: false, error: this.#messageOf(error), ...answer };
    }
  }

  /** Executes a request. @throws GraphQLError with the reason of a refusal. */
  async #carryOut(
    stream: ModelStream,
    operation: StreamOperation,
    action: StreamAction,
    { channelId, data, id }: Arguments,
    client: StreamClient,
  ): Promise<void> {
    const channel = this.#channelOf(channelId, client);
    const row = typeof id === "string" ? id : null;
    const criteria = { id: row, actions: rowActions(action), fields: stream.fieldsOf(Array.isArray(data) ? data : []) };
    if (operation === "UNSUBSCRIBE") return channel.unsubscribe(stream, action, criteria);
    const request = { stream: stream.name, action: actionWords[action], id: row };
    if (!this.#permits(request, client)) throw new GraphQLError(permissionDenied.reason);
    await channel.subscribe(stream, action, criteria);
  }

  /**
   * Finds a channel by id. The error for another owner's channel is that for an unknown one, so that ids do not leak.
   */
  #channelOf(channelId: unknown, client: StreamClient): StreamChannel {
    const { owner = ownerOf } = this.#options;
    const channel = typeof channelId === "string" ? this.#channels.get(channelId) : undefined;
    const asking = owner(client);
    if (channel && asking !== undefined && asking === owner(channel)) return channel;
    throw new GraphQLError("channelId is none that you have open; take the channel_id that your WebSocket was told");
  }

  #permits(request: StreamRequest, client: StreamClient): boolean {
    const { permits } = this.#options;
    if (!permits) return true;
    try {
      return consents(permits(request, client), this.#log, "A `permits`", "its request was refused", { request });
    } catch (error) {
      this.#log.error("A `permits` failed; its request was refused", { request, error });
      return false;
    }
  }

  #messageOf(error: unknown): string {
    if (error instanceof GraphQLError) return error.message;
    this.#log.error("A request about a channel failed", { error });
    return "Internal server error";
  }
}

/** The default owner. Its prefix keeps viewers' ids and addresses apart. */
function ownerOf({ peer, viewer }: StreamClient): string | undefined {
  if (viewer) return `viewer ${viewer.id}`;
  return peer && `address ${peer.address}`;
}

function clientOf(context: unknown): StreamClient {
  return hasOperation(context) ? context.operation : { peer: undefined, viewer: undefined };
}

function hasOperation(context: unknown): context is OperationContext {
  if (typeof context !== "object" || context === null || !("operation" in context)) return false;
  const { operation } = context;
  return typeof operation === "object" && operation !== null && "peer" in operation && "join" in operation;
}

async function* once<Value>(value: Value): AsyncGenerator<Value> {
  yield value;
}
