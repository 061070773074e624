import { GraphQLError } from "graphql";
import type { JsonObject } from "../../base/json.ts";
import type { Peer } from "../../contract/peer.ts";
import type { Accept, Socket, SocketHandler } from "../../contract/socket.ts";
import type { Viewer } from "../../contract/viewer.ts";
import type { Dialect } from "../../dialects/dialect.ts";
import type { ClientMessage, Envelope, ServerMessage } from "../../dialects/message.ts";
import { plainCloseCode, streams, type FrameRefusal, type StreamFrame } from "../../dialects/streams.ts";
import type { Connection } from "../../operation/connection.ts";
import { ChannelSubscription } from "./channel-subscription.ts";
import type { Demand, ModelStream } from "./model-stream.ts";
import { echoOf, streamActions, type RowAction, type StreamAction } from "./stream-action.ts";

/** Opens a session that can be asked who its client is. */
export type AcceptConnection = (...args: Parameters<Accept>) => SocketHandler & Pick<Connection, "viewer">;

/** Whoever keeps channels. */
export interface ChannelKeeper {
  /** Why a frame of a channel's client is refused. */
  refuse(frame: StreamFrame, channel: StreamChannel): FrameRefusal;
  /** The channel's client is told its id. */
  opened(channel: StreamChannel): void;
  /** Called once; nothing can be subscribed for it any more. */
  closed(channel: StreamChannel): void;
}

const nothing = new Uint8Array();

/**
 * One client's WebSocket, which notifications come by. It stands between the socket and an ordinary session: what was
 * asked for over HTTP becomes a message to the session, and the session's results become notifications.
 */
export class StreamChannel implements Socket, SocketHandler {
  /** 128 random bits: who knows it was told it. */
  readonly id: string = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  readonly #socket: Socket;
  readonly #keeper: ChannelKeeper;
  readonly #dialect: Dialect;
  /** In the order in which they were asked for. */
  readonly #subscriptions = new Map<string, ChannelSubscription>();
  /** Outlives its subscription for what is still on its way to the socket. */
  readonly #byHead = new WeakMap<Uint8Array, ChannelSubscription>();
  #session: ReturnType<AcceptConnection> | undefined;
  #count = 0;
  #ended = false;

  constructor(socket: Socket, keeper: ChannelKeeper) {
    this.#socket = socket;
    this.#keeper = keeper;
    this.#dialect = streams((frame) => keeper.refuse(frame, this));
  }

  /** Opens a session, and introduces the client to it. Throws what `accept` throws. */
  open(accept: AcceptConnection): void {
    const dialect = this.#dialect;
    // The handshake knows it by no name, but logs and metrics should.
    this.#session = accept(this, { ...dialect, name: "streams", envelope: (id) => this.#envelope(id) });
    this.receive({ type: "init", payload: undefined });
  }

  get peer(): Peer {
    return this.#socket.peer;
  }

  get viewer(): Viewer | undefined {
    return this.#session?.viewer;
  }

  /**
   * Resolves when every change that is committed from then on will be notified. Asking again for the same changes nothing;
   * with other fields it changes the fields.
   *
   * @throws GraphQLError that says why not.
   */
  async subscribe(stream: ModelStream, action: StreamAction, demand: Demand): Promise<void> {
    const echo = echoOf(stream.name, "SUBSCRIBE", action);
    const known = demand.actions.map((each) => ({ each, by: this.#latest(stream, demand.id, each) }));
    const covered = known.flatMap(({ by }) => (by?.hasFields(demand.fields) ? [by] : []));
    const missing = known.filter(({ by }) => !by?.hasFields(demand.fields)).map(({ each }) => each);
    const lives = covered.map(({ live }) => live);
    if (missing.length > 0) lives.push(this.#start(stream, { ...demand, actions: missing }, echo));
    await Promise.all(lives);
    if (missing.length === 0) this.#tell(echo);
  }

  /** Nothing more is sent of it from now on. What is not subscribed may be unsubscribed. */
  unsubscribe(stream: ModelStream, action: StreamAction, { actions, id }: Omit<Demand, "fields">): void {
    for (const subscription of this.#about(stream, id)) {
      this.#withdraw(subscription, actions, (each) => each.fail(new GraphQLError("It was unsubscribed")));
    }
    this.#tell(echoOf(stream.name, "UNSUBSCRIBE", action));
  }

  get blocked(): boolean {
    return this.#socket.blocked;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    const frames: Uint8Array[] = [];
    for (let index = 0; index < count; index += 1) {
      const [head, content] = [parts[3 * index], parts[3 * index + 1]];
      const subscription = head && this.#byHead.get(head);
      const frame = subscription && content ? subscription.frame(content) : content;
      if (frame) frames.push(nothing, frame, nothing);
    }
    if (frames.length > 0) this.#socket.write(frames, frames.length / 3);
  }

  says(message: ServerMessage): readonly Uint8Array[] | undefined {
    switch (message.type) {
      case "ack":
        this.#keeper.opened(this);
        return this.#frames([{ channel_id: this.id, connect: "success" }]);
      case "started":
        return this.#started(message.id);
      case "error":
        return this.#failed(message.id, message.errors);
      case "complete":
        return this.#completed(message.id);
      default:
        return undefined;
    }
  }

  ping(): void {
    this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#end();
    this.#socket.close(plainCloseCode(code), reason);
  }

  terminate(): void {
    this.#end();
    this.#socket.terminate();
  }

  message(text: string): void {
    this.#session?.message(text);
  }

  receive(message: ClientMessage): void {
    this.#session?.receive(message);
  }

  alive(): void {
    this.#session?.alive();
  }

  drained(): void {
    this.#session?.drained();
  }

  closed(code: number, reason: string): void {
    this.#end();
    this.#session?.closed(code, reason);
  }

  #start(stream: ModelStream, demand: Demand, echo: JsonObject): Promise<void> {
    this.#count += 1;
    const subscription = new ChannelSubscription(String(this.#count), stream, demand, echo);
    this.#subscriptions.set(subscription.id, subscription);
    this.receive({ type: "subscribe", id: subscription.id, request: stream.request(demand) });
    if (this.#ended) subscription.fail(goneError());
    return subscription.live;
  }

  /** Takes actions off a subscription, and ends one of which nothing is left. */
  #withdraw(
    subscription: ChannelSubscription,
    actions: Iterable<RowAction>,
    ended: (subscription: ChannelSubscription) => void,
  ): void {
    for (const action of actions) subscription.actions.delete(action);
    if (subscription.actions.size > 0) return;
    this.#subscriptions.delete(subscription.id);
    ended(subscription);
    this.receive({ type: "complete", id: subscription.id });
  }

  #about(stream: ModelStream, id: string | null): readonly ChannelSubscription[] {
    return [...this.#subscriptions.values()].filter((each) => each.isAbout(stream, id));
  }

  #latest(stream: ModelStream, id: string | null, action: RowAction): ChannelSubscription | undefined {
    return this.#about(stream, id).findLast(({ actions }) => actions.has(action));
  }

  /** A pong brings its payload back in order with everything else that waits for the socket. */
  #tell(frame: JsonObject): void {
    this.receive({ type: "ping", payload: frame });
  }

  #envelope(operationId: string): Envelope {
    const envelope = this.#dialect.envelope(operationId);
    const subscription = this.#subscriptions.get(operationId);
    if (subscription) this.#byHead.set(envelope.head, subscription);
    return envelope;
  }

  #started(id: string): readonly Uint8Array[] {
    const subscription = this.#subscriptions.get(id);
    if (!subscription) return [];
    subscription.confirm();
    const echoes = [subscription.echo];
    for (const older of this.#about(subscription.stream, subscription.demand.id)) {
      if (older === subscription) break;
      this.#withdraw(older, subscription.actions, (overtaken) => {
        // It was carried out, though nothing will ever come of it.
        if (!overtaken.isLive) echoes.unshift(overtaken.echo);
        overtaken.confirm();
      });
    }
    return this.#frames(echoes);
  }

  #failed(id: string, errors: readonly { readonly message: string }[]): readonly Uint8Array[] {
    const subscription = this.#subscriptions.get(id);
    if (!subscription) return [];
    this.#subscriptions.delete(id);
    if (subscription.isLive) return this.#frames([subscription.stream.failure(errors)]);
    subscription.fail(new GraphQLError(errors.map((error) => error.message).join("; ")));
    return [];
  }

  /** The server has ended it for good. */
  #completed(id: string): readonly Uint8Array[] {
    const subscription = this.#subscriptions.get(id);
    if (!subscription) return [];
    this.#subscriptions.delete(id);
    const { actions, stream } = subscription;
    return this.#frames(streamActions(actions).map((action) => echoOf(stream.name, "UNSUBSCRIBE", action)));
  }

  #frames(frames: readonly JsonObject[]): readonly Uint8Array[] {
    return frames.flatMap((payload) => this.#dialect.encode({ type: "pong", payload }));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const subscription of this.#subscriptions.values()) subscription.fail(goneError());
    this.#subscriptions.clear();
    this.#keeper.closed(this);
  }
}

function goneError(): GraphQLError {
  return new GraphQLError("The channel was closed");
}
