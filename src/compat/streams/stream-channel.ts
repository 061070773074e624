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
import type { StreamCriteria, ModelStream } from "./model-stream.ts";
import { echoOf, streamActions, type RowAction, type StreamAction } from "./stream-action.ts";

/** Opens a session whose viewer can be read. */
export type AcceptConnection = (...args: Parameters<Accept>) => SocketHandler & Pick<Connection, "viewer">;

/** The owner of all channels. */
export interface ChannelKeeper {
  /** Gives the reason why a client's frame is refused. */
  refuse(frame: StreamFrame, channel: StreamChannel): FrameRefusal;
  /** Called when the channel is acknowledged: its client gets its id. */
  opened(channel: StreamChannel): void;
  /** Called once, at the channel's end. */
  closed(channel: StreamChannel): void;
}

const nothing = new Uint8Array();

/**
 * A channel: a client's WebSocket for notifications. It stands between the socket and an ordinary session: requests
 * over HTTP become messages to the session, and the session's results become notifications.
 */
export class StreamChannel implements Socket, SocketHandler {
  /** A capability of 128 random bits, which cannot be guessed. */
  readonly id: string = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  readonly #socket: Socket;
  readonly #keeper: ChannelKeeper;
  readonly #dialect: Dialect;
  /** The subscriptions by their operation's id, in the order of their requests. */
  readonly #subscriptions = new Map<string, ChannelSubscription>();
  /**
   * The subscriptions by the head of their envelope, also ended ones, of which results may still wait for the socket.
   */
  readonly #byHead = new WeakMap<Uint8Array, ChannelSubscription>();
  #session: ReturnType<AcceptConnection> | undefined;
  #count = 0;
  #ended = false;

  constructor(socket: Socket, keeper: ChannelKeeper) {
    this.#socket = socket;
    this.#keeper = keeper;
    this.#dialect = streams((frame) => keeper.refuse(frame, this));
  }

  /** Opens a session and sends it the init message. Throws the errors of `accept`. */
  open(accept: AcceptConnection): void {
    const dialect = this.#dialect;
    // The dialect has no subprotocol, hence no name; this one is for logs and metrics.
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
   * Subscribes the channel; resolves when each change that commits from then on is notified. A repeated request has no
   * effect; a request with other fields replaces the earlier one.
   *
   * @throws GraphQLError with the reason of a refusal.
   */
  async subscribe(stream: ModelStream, action: StreamAction, criteria: StreamCriteria): Promise<void> {
    const echo = echoOf(stream.name, "SUBSCRIBE", action);
    const known = criteria.actions.map((each) => ({ each, by: this.#latest(stream, criteria.id, each) }));
    const covered = known.flatMap(({ by }) => (by?.hasFields(criteria.fields) ? [by] : []));
    const missing = known.filter(({ by }) => !by?.hasFields(criteria.fields)).map(({ each }) => each);
    const lives = covered.map(({ live }) => live);
    if (missing.length > 0) lives.push(this.#start(stream, { ...criteria, actions: missing }, echo));
    await Promise.all(lives);
    if (missing.length === 0) this.#tell(echo);
  }

  /** Unsubscribes the channel: no further change is notified. Without a matching subscription it has no effect. */
  unsubscribe(stream: ModelStream, action: StreamAction, { actions, id }: Omit<StreamCriteria, "fields">): void {
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

  pinged(bytes: number, answer: () => void): void {
    this.#session?.pinged(bytes, answer);
  }

  drained(): void {
    this.#session?.drained();
  }

  closed(code: number, reason: string): void {
    this.#end();
    this.#session?.closed(code, reason);
  }

  #start(stream: ModelStream, criteria: StreamCriteria, echo: JsonObject): Promise<void> {
    this.#count += 1;
    const subscription = new ChannelSubscription(String(this.#count), stream, criteria, echo);
    this.#subscriptions.set(subscription.id, subscription);
    this.receive({ type: "subscribe", id: subscription.id, request: stream.request(criteria) });
    if (this.#ended) subscription.fail(goneError());
    return subscription.live;
  }

  /** Removes actions from a subscription, and ends it if none is left. */
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

  /** Sends a frame by way of a ping to the session, whose pong waits in order with all that waits for the socket. */
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
    for (const older of this.#about(subscription.stream, subscription.criteria.id)) {
      if (older === subscription) break;
      this.#withdraw(older, subscription.actions, (overtaken) => {
        // Its request was executed, so it is acknowledged, though no notification will come of it.
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

  /** The server has completed a subscription. */
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
