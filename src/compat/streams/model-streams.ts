import { GraphQLError, GraphQLID, GraphQLList, GraphQLNonNull, GraphQLString, type GraphQLFieldConfig } from "graphql";
import { closeCodes } from "../../base/close-code.ts";
import { FanfareError } from "../../base/error.ts";
import type { Log } from "../../contract/log.ts";
import type { Peer } from "../../contract/peer.ts";
import type { Socket, SocketHandler } from "../../contract/socket.ts";
import type { Viewer } from "../../contract/viewer.ts";
import { command } from "../../declare/command.ts";
import type { OperationContext } from "../../declare/operation-handle.ts";
import {
  invalidAction,
  permissionDenied,
  streams,
  type FrameRefusal,
  type StreamFrame,
} from "../../dialects/streams.ts";
import type { Fanfare } from "../../fanfare.ts";
import { consoleLog } from "../../observe/console-log.ts";
import type { HttpServer } from "../../transports/server/path-claims.ts";
import { ModelStream, type StreamedModel, type StreamOptions } from "./model-stream.ts";
import { actionWords, isAction, rowActions, type StreamAction, type StreamOperation } from "./stream-action.ts";
import { StreamChannel, type AcceptConnection, type ChannelKeeper } from "./stream-channel.ts";
import { actionType, operationType, resultType } from "./stream-types.ts";

/** Whoever has opened a channel, or asks for something on one. */
export interface StreamClient {
  /** Undefined for code in the same process, and where another executor runs the field. */
  readonly peer: Peer | undefined;
  readonly viewer: Viewer | undefined;
}

/** What somebody wants to do: to subscribe over HTTP, or whatever the frame of a channel says. */
export interface StreamRequest {
  readonly stream: string;
  /** In small letters: `create`, `update`, `delete`, `all_actions`; of a frame, any text. */
  readonly action: string;
  /** The key of one row; null for all rows, and for frames. */
  readonly id: string | null;
}

export interface ModelStreamsOptions {
  /**
   * Names whom a channel belongs to: only requests for which it answers the same may use it. Undefined is nobody.
   * Default: the viewer, and without one the network address, which behind proxies needs the server's `trustProxy`.
   */
  readonly owner?: (client: StreamClient) => string | undefined;
  /** False refuses with "Permission Denied". Default: everybody may subscribe to what the model lets them see. */
  readonly permits?: (request: StreamRequest, client: StreamClient) => boolean;
  /** Channels that may be open at a time. Default 10,000; Infinity turns it off. Over it: close 1013. */
  readonly channels?: number;
  /** Where errors go. Default: the standard error stream. */
  readonly log?: Log;
}

/** What the field of a stream answers. */
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
 * subprotocol, is told its channel id, and subscribes that channel by GraphQL over HTTP.
 *
 * ```ts
 * const streams = new ModelStreams();
 * const carSubscription = streams.subscription(Car, { stream: "cars" });
 * const fanfare = createFanfare({ schema: schemaWith({ ...Car.subscriptions, carSubscription }) });
 * streams.attach(fanfare, server);
 * ```
 */
export class ModelStreams implements ChannelKeeper {
  readonly #options: ModelStreamsOptions;
  readonly #log: Log;
  readonly #names = new Set<string>();
  /** Those that were told their id, by it. */
  readonly #channels = new Map<string, StreamChannel>();
  readonly #open = new Set<StreamChannel>();

  /** @throws FanfareError BAD_OPTION for a limit that is not a positive number. */
  constructor(options: ModelStreamsOptions = {}) {
    const { channels = 10_000, log = consoleLog } = options;
    if (!(channels > 0)) throw new FanfareError("BAD_OPTION", `channels is ${channels}; it must be a number above 0`);
    this.#options = { ...options, channels };
    this.#log = log;
  }

  /** Channels that are open. */
  get channels(): number {
    return this.#open.size;
  }

  /**
   * The field by which a channel is subscribed to a model's changes and unsubscribed. It needs the model's own field of
   * changes in the same schema. For a schema that was written in the schema language, take its `subscribe` and `resolve`.
   *
   * @throws FanfareError BAD_DECLARATION for a stream's name that is taken, or a model that tells nothing but keys.
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
   * Serves channels at one path of an HTTP server, by the sessions, limits and origins of a Fanfare. Requests that are no
   * WebSockets go to whoever else listens. Giving the path up closes its channels.
   *
   * @param options `path` is `/streams` by default.
   * @throws FanfareError BAD_OPTION for a path that does not begin with a slash or is served already, CLOSED.
   */
  attach(
    fanfare: Pick<Fanfare, "accept" | "attach">,
    server: HttpServer,
    { path = "/streams" }: { readonly path?: string } = {},
  ): Disposable {
    const websocket = {
      dialects: [streams(() => invalidAction)],
      accept: (socket: Socket) => this.accept(fanfare, socket),
    };
    return fanfare.attach(server, { path, http: false, websocket });
  }

  /** Opens a channel on a socket of any transport that keeps the contract. Throws FanfareError CLOSED after the end. */
  accept(fanfare: { readonly accept: AcceptConnection }, socket: Socket): SocketHandler {
    const channel = new StreamChannel(socket, this);
    const { channels = 0 } = this.#options;
    const isFull = this.#open.size >= channels;
    this.#open.add(channel);
    if (isFull) channel.close(closeCodes.overload.code, closeCodes.overload.reason);
    else channel.open((...args) => fanfare.accept(...args));
    return channel;
  }

  refuse({ action, stream }: StreamFrame, channel: StreamChannel): FrameRefusal {
    if (!this.#names.has(stream)) return { status: 400, reason: `There is no stream ${JSON.stringify(stream)}` };
    return this.#permits({ stream, action, id: null }, channel) ? invalidAction : permissionDenied;
  }

  opened(channel: StreamChannel): void {
    this.#channels.set(channel.id, channel);
  }

  closed(channel: StreamChannel): void {
    this.#channels.delete(channel.id);
    this.#open.delete(channel);
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

  /** @throws GraphQLError that says why not. */
  async #carryOut(
    stream: ModelStream,
    operation: StreamOperation,
    action: StreamAction,
    { channelId, data, id }: Arguments,
    client: StreamClient,
  ): Promise<void> {
    const channel = this.#channelOf(channelId, client);
    const row = typeof id === "string" ? id : null;
    const demand = { id: row, actions: rowActions(action), fields: stream.fieldsOf(Array.isArray(data) ? data : []) };
    if (operation === "UNSUBSCRIBE") return channel.unsubscribe(stream, action, demand);
    const request = { stream: stream.name, action: actionWords[action], id: row };
    if (!this.#permits(request, client)) throw new GraphQLError(permissionDenied.reason);
    await channel.subscribe(stream, action, demand);
  }

  /** Somebody else's channel is as unknown as one that is not there. */
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
      // A promise is no answer here: it would permit everything.
      const permitted: unknown = permits(request, client);
      return permitted === true;
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

/** Addresses and viewers cannot be taken for each other. */
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
