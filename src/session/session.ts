import { GraphQLError } from "graphql";
import type { Timer } from "../base/clock.ts";
import type { Peer } from "../contract/peer.ts";
import type { Socket, SocketHandler } from "../contract/socket.ts";
import { telemetry } from "../contract/telemetry.ts";
import type { Viewer } from "../contract/viewer.ts";
import { closeCodes, type CloseCode } from "../base/close-code.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { jsonDepth } from "../base/json-depth.ts";
import type { ClientMessage, MessagePayload, OperationRequest, ServerMessage } from "../dialects/message.ts";
import type { FanOutTarget } from "../engine/cohort/fan-out.ts";
import { ShortDelivery, type Delivery } from "../engine/execution/delivery.ts";
import type { Connection } from "./connection.ts";
import type { SessionHost } from "./host.ts";
import { Operation } from "./operation.ts";
import { OperationTable } from "./operation-table.ts";
import { Outbox } from "./outbox.ts";
import { relieve } from "./overflow.ts";
import { StartQueue } from "./start-queue.ts";
import { step, type SessionEffect, type SessionInput, type SessionState } from "./state.ts";

const nothing = new Uint8Array();
// One array for all sessions: a flush fills it, hands it to the socket and empties it, all in one go.
const parts: Uint8Array[] = [];
// True while that array is being filled: an application's `visible` runs then, and could make another session write.
let packing = false;
/** A socket is given at most this much at once, so that what it cannot take stays where policies reach it. */
const maxWriteBytes = 65_536;

/** One client's connection, whatever it speaks: carries out what the state machine says. */
export class Session implements SocketHandler, FanOutTarget, Connection {
  readonly id: string;
  readonly host: SessionHost;
  readonly dialect: Dialect;
  readonly #socket: Socket;
  readonly #operations = new OperationTable<Operation>();
  /** Undefined while nothing waits, which is nearly always. */
  #outbox: Outbox<Operation> | undefined;
  /** This client's number of the rate limit. */
  #rate = 0;
  #starts: StartQueue<Operation> | undefined;
  #state: SessionState = "open";
  #deadline: Timer | undefined;
  #params: MessagePayload | undefined;
  #connected: object | undefined;
  #accepted = false;
  #flushed: PromiseWithResolvers<void> | undefined;
  #scheduled = false;
  #gone: { readonly code: number; readonly reason: string } | undefined;
  /** True from a ping until the client proves that it is alive. */
  #pinged = false;

  constructor(host: SessionHost, socket: Socket, dialect: Dialect, id: string) {
    this.host = host;
    this.dialect = dialect;
    this.id = id;
    this.#socket = socket;
    const { clock, limits } = host;
    this.#deadline = clock.after(limits.initMilliseconds, () => this.#step({ type: "late" }));
    this.sendMessage({ type: "opened" });
  }

  get peer(): Peer {
    return this.#socket.peer;
  }

  get params(): MessagePayload | undefined {
    return this.#params;
  }

  get connected(): object | undefined {
    return this.#connected;
  }

  get viewer(): Viewer | undefined {
    return undefined;
  }

  /** Operations that run or wait to be started. */
  get operations(): number {
    return this.#operations.size;
  }

  get acknowledged(): boolean {
    return this.#state === "ready";
  }

  /** Another operation of this session may still be reached in this turn. */
  get mayReceiveMore(): boolean {
    return this.#operations.size > 1;
  }

  message(text: string): void {
    if (this.#state === "closed") return;
    this.#take(exceeds(text, this.#maxMessageBytes) ? this.#tooLarge() : this.#decode(text));
  }

  receive(message: ClientMessage, bytes: number = 0): void {
    if (this.#state === "closed") return;
    this.#take(bytes > this.#maxMessageBytes ? this.#tooLarge() : message);
  }

  alive(): void {
    this.#pinged = false;
  }

  drained(): void {
    this.flush();
  }

  closed(code: number, reason: string): void {
    if (this.#gone) return;
    this.#gone = { code, reason };
    this.#step({ type: "closed" });
    this.#release();
    this.host.registry.delete(this);
    const channel = telemetry["session.closed"];
    if (channel.hasSubscribers) channel.publish({ session: this.id, code, reason });
    if (this.#accepted) void this.#disconnected(code, reason);
  }

  close(code: number = closeCodes.normal.code, reason: string = ""): void {
    this.end({ code, reason, retry: false });
  }

  /** Ends the connection from this side: what waits in the outbox is dropped, what was written still goes out. */
  end(code: CloseCode, reason: string = code.reason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#release();
    this.#socket.close(code.code, reason);
  }

  /** Pings, or cuts off a client that has not answered the last ping. */
  checkAlive(): void {
    if (this.#pinged) {
      this.#socket.terminate();
      return;
    }
    this.#pinged = true;
    this.#socket.ping();
    if (this.#state === "ready") this.sendMessage({ type: "keepAlive" });
  }

  /** Takes a result of one of its operations, as far as the bounds allow. */
  send(operation: Operation, delivery: Delivery): void {
    if (this.#state === "closed") return;
    if (!this.#makeRoom(operation, delivery)) return operation.dropped(delivery, "overflow");
    this.#outbox ??= new Outbox();
    this.#outbox.add(operation, delivery);
    this.#schedule();
  }

  /** Whether a result may be queued, by the bounds of its operation and of the whole session. */
  fits(operation: Operation, delivery: Delivery): boolean {
    const { outboxBytes, outboxMessages } = this.host.limits;
    if (!operation.fits(delivery)) return false;
    if (!this.#outbox || this.#outbox.bytes === 0) return true;
    const fitsBytes = this.#outbox.bytes + operation.sizeOf(delivery) <= outboxBytes;
    return fitsBytes && this.#outbox.messages < outboxMessages;
  }

  /** Resolves when something that waits has been written, or the session has ended. */
  whenFlushed(): Promise<void> {
    this.#flushed ??= Promise.withResolvers();
    return this.#flushed.promise;
  }

  /** Undefined while nothing waits for the socket; otherwise resolves like {@link whenFlushed}. */
  whenIdle(): Promise<void> | undefined {
    return this.#outbox ? this.whenFlushed() : undefined;
  }

  /** Takes a result that its operation gives only when nothing waits, so that no bound has to be asked. */
  sendWhenIdle(operation: Operation, delivery: Delivery): void {
    if (this.#state === "closed" || this.writeThrough(operation, [delivery])) return;
    this.#outbox ??= new Outbox();
    this.#outbox.add(operation, delivery);
    this.#schedule();
  }

  /**
   * Writes results at once, without a detour by the outbox. Only where that changes nothing else: nothing waits, the
   * socket takes more, and no other operation could have results for the same write. False if the outbox has to.
   */
  writeThrough(operation: Operation, deliveries: readonly Delivery[]): boolean {
    if (packing || this.#outbox || this.#operations.size > 1) return false;
    if (this.#state !== "ready" || this.#socket.blocked) return false;
    const passes = deliveries.length === 1 && deliveries[0] instanceof ShortDelivery;
    if (!passes && bytesOf(deliveries) > maxWriteBytes) return false;
    packing = true;
    for (const delivery of deliveries) pack(operation, delivery, passes);
    this.#writeParts();
    return true;
  }

  sendMessage(message: ServerMessage): void {
    // What answers a message that was not understood is about no operation, even if it has its id.
    const about = "id" in message && message.type !== "invalid" ? message.id : undefined;
    for (const bytes of this.#socket.says?.(message) ?? this.dialect.encode(message)) {
      if (this.#state === "closed" || !this.#makeRoomForMessage()) return;
      this.#outbox ??= new Outbox();
      this.#outbox.addMessage(bytes, about);
      this.#schedule();
    }
  }

  /** Forgets an operation that has ended. What it still has in the outbox goes out unless the client stopped it. */
  ended(operation: Operation): void {
    this.#operations.delete(operation);
    this.#starts?.delete(operation);
    // The outbox must not change under a write; what is left out then is left out by the write itself.
    if (operation.muted && !packing) this.#outbox?.dropAll(operation.id);
    if (this.dialect.rules.endsWithOperation && this.#state === "ready") this.#endWhenFlushed();
  }

  /** Takes an operation back that was not succeeded after all. */
  reinstate(operation: Operation): void {
    this.#operations.add(operation);
  }

  /** Applies the policy of `victim`, so that `delivery` fits. False if `delivery` itself has to go. */
  relieve(outbox: Outbox<Operation>, victim: Operation, operation: Operation, delivery: Delivery): boolean {
    this.overflowed(victim);
    const relief = relieve(outbox, victim, operation, delivery, this.host.log);
    if (relief === "disconnect") this.end(closeCodes.tooSlow);
    return relief === "room";
  }

  overflowed(operation: Operation): void {
    const channel = telemetry["queue.overflow"];
    if (!channel.hasSubscribers) return;
    channel.publish({ session: this.id, operation: operation.id, policy: operation.queue.overflow });
  }

  flush(): void {
    this.#scheduled = false;
    const outbox = this.#outbox;
    if (!outbox) return;
    if (packing) return this.#schedule();
    while (outbox.messages > 0 && !this.#socket.blocked) {
      packing = true;
      outbox.take(maxWriteBytes, pack);
      this.#writeParts();
    }
    if (outbox.messages === 0) this.#outbox = undefined;
    this.#tellFlushed();
  }

  #endWhenFlushed(): void {
    this.flush();
    if (this.#outbox) void this.whenFlushed().then(() => this.#endWhenFlushed());
    else this.end(closeCodes.normal);
  }

  #tellFlushed(): void {
    this.#flushed?.resolve();
    this.#flushed = undefined;
  }

  #writeParts(): void {
    packing = false;
    if (parts.length > 0) this.#socket.write(parts, parts.length / 3);
    parts.length = 0;
  }

  #mayTalk(): boolean {
    const next = this.host.rate.take(this.#rate, this.host.clock.now());
    this.#rate = next ?? this.#rate;
    return next !== undefined;
  }

  #take(message: ClientMessage): void {
    if (message.type !== "pong" && !this.#mayTalk()) {
      this.end(closeCodes.tooMany, "Too many messages");
      return;
    }
    const isRunning = (id: string) => this.#operations.has(id);
    this.#step({ type: "message", message: this.#withFittingId(message), isRunning });
  }

  #decode(text: string): ClientMessage {
    const { jsonDepth: maxDepth } = this.host.limits;
    if (jsonDepth(text, maxDepth)) return this.dialect.decode(text);
    return { type: "invalid", reason: `A message may be nested at most ${maxDepth} deep` };
  }

  get #maxMessageBytes(): number {
    const { messageBytes, messageBytesBeforeAck } = this.host.limits;
    return this.#state === "ready" ? messageBytes : messageBytesBeforeAck;
  }

  #tooLarge(): ClientMessage {
    return { type: "invalid", reason: `A message may have at most ${this.#maxMessageBytes} bytes` };
  }

  #withFittingId(message: ClientMessage): ClientMessage {
    const { operationIdBytes } = this.host.limits;
    if (message.type !== "subscribe" || Buffer.byteLength(message.id) <= operationIdBytes) return message;
    return { type: "invalid", reason: `An operation's id may have at most ${operationIdBytes} bytes` };
  }

  #step(input: SessionInput): void {
    const [state, effect] = step(this.#state, input, this.dialect.rules);
    // A close is carried out by `end`, which sets the state itself.
    if (effect.type !== "close" && effect.type !== "refuse") this.#state = state;
    this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect): void {
    switch (effect.type) {
      case "none":
        return;
      case "connect":
        return void this.#connect(effect.payload);
      case "acknowledge":
        return this.#acknowledge(effect.payload);
      case "pong":
        return this.sendMessage({ type: "pong", payload: effect.payload });
      case "start":
        return this.#start(effect.id, effect.request);
      case "stop":
        return this.#stop(effect.id);
      case "answer":
        return this.sendMessage({ type: "invalid", id: effect.id, reason: effect.reason });
      case "refuse":
        this.sendMessage({ type: "refused", reason: effect.reason });
        this.flush();
        return this.end(effect.code, effect.reason);
      case "close":
        return this.end(effect.code, effect.reason);
    }
  }

  async #connect(params: MessagePayload | undefined): Promise<void> {
    const { clock, hooks, limits, log } = this.host;
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = clock.after(limits.ackMilliseconds, () => this.#step({ type: "late" }));
    this.#params = params;
    try {
      const answer = await hooks.onConnect?.(params ?? {}, this);
      if (answer === false) return this.#step({ type: "refused", reason: closeCodes.forbidden.reason });
      this.#connected = typeof answer === "object" ? answer : undefined;
      this.#accepted = true;
      // Who was let in, and may have been counted, has to be let out.
      if (this.#gone) return void this.#disconnected(this.#gone.code, this.#gone.reason);
      this.#step({ type: "accepted", payload: undefined });
    } catch (error) {
      const meant = error instanceof GraphQLError;
      if (!meant) log.error("onConnect failed", { error });
      this.#step({ type: "refused", reason: meant ? error.message : closeCodes.forbidden.reason });
    }
  }

  #acknowledge(payload: MessagePayload | undefined): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = undefined;
    this.host.registry.acknowledged(this);
    this.sendMessage({ type: "ack", payload });
    this.#starts?.begin();
    const channel = telemetry["session.ready"];
    if (channel.hasSubscribers) channel.publish({ session: this.id, viewer: this.viewer?.id });
  }

  #start(id: string, request: OperationRequest): void {
    const former = this.#operations.get(id);
    const succeeds = this.dialect.rules.duplicate === "succeed";
    if (former && !succeeds) former.stop();
    // The older one may have ended before its client could know.
    if (this.dialect.rules.duplicate === "replace") this.#outbox?.dropAll(id);
    if (former && succeeds) this.#operations.delete(former);
    const operation = new Operation(this, id, succeeds ? former : undefined);
    if (this.#operations.size >= this.host.limits.operations) {
      operation.fail([tooManyOperations(this.host.limits.operations)]);
      return;
    }
    this.#operations.add(operation);
    const limit = this.host.ordering === "strict" ? 1 : this.host.limits.starting;
    this.#starts ??= new StartQueue(limit, this.acknowledged, () => (this.#starts = undefined));
    this.#starts.add(operation, () => operation.start(request));
  }

  #stop(id: string): void {
    const operation = this.#operations.get(id);
    const { echoesComplete } = this.dialect.rules;
    // One that has ended may still have what waits for the socket, and its id may be used for another at once.
    if (!operation && !echoesComplete) this.#outbox?.dropAll(id);
    if (!operation) return;
    operation.stop();
    if (echoesComplete) this.sendMessage({ type: "complete", id });
  }

  /** Writes what waits, or applies policies, until a result fits. False if it must not be queued. */
  #makeRoom(operation: Operation, delivery: Delivery): boolean {
    if (this.fits(operation, delivery)) return true;
    this.flush();
    while (this.#outbox && !this.fits(operation, delivery)) {
      const victim = operation.fits(delivery) ? this.#fullest(operation) : operation;
      if (!this.relieve(this.#outbox, victim, operation, delivery)) return false;
    }
    return true;
  }

  /** Messages of the protocol cannot be left out: a client that has them pile up and reads none has to go. */
  #makeRoomForMessage(): boolean {
    const { outboxBytes } = this.host.limits;
    if (!this.#outbox || this.#outbox.messageBytes < outboxBytes) return true;
    this.flush();
    if (!this.#outbox || this.#outbox.messageBytes < outboxBytes) return true;
    this.end(closeCodes.tooSlow);
    return false;
  }

  #fullest(fallback: Operation): Operation {
    let fullest = fallback;
    for (const operation of this.#operations.all()) {
      if (operation.queuedBytes > fullest.queuedBytes) fullest = operation;
    }
    return fullest;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.host.engine.fanOut.addTarget(this);
  }

  /** Lets go of everything the session holds but its socket. */
  #release(): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = undefined;
    this.#starts?.clear();
    this.#outbox = undefined;
    this.#tellFlushed();
    for (const operation of this.#operations.all()) operation.closed();
    this.#operations.clear();
  }

  async #disconnected(code: number, reason: string): Promise<void> {
    const { hooks, log } = this.host;
    try {
      await hooks.onDisconnect?.(this, code, reason);
    } catch (error) {
      log.error("onDisconnect failed", { error });
    }
  }
}

/**
 * Puts one entry of an outbox among the parts of the next write, unless it must not leave any more.
 *
 * @param passes it is the only one of its write, which needs its bytes no longer than that takes.
 */
function pack(operation: Operation | undefined, delivery: Delivery, passes: boolean = false): void {
  if (!operation) parts.push(nothing, delivery.bytes, nothing);
  else if (operation.muted) operation.dropped(delivery, "ended");
  else if (operation.isVisible(delivery)) {
    parts.push(operation.envelope.head, operation.bytesOf(delivery, passes), operation.envelope.tail);
  } else operation.dropped(delivery, "hidden");
}

function bytesOf(deliveries: readonly Delivery[]): number {
  let bytes = 0;
  for (const delivery of deliveries) bytes += delivery.bytes.length;
  return bytes;
}

function exceeds(text: string, bytes: number): boolean {
  // A UTF-16 unit takes one to three bytes: most messages need not be counted.
  return text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes);
}

function tooManyOperations(maximum: number): GraphQLError {
  return new GraphQLError(`A connection may run at most ${maximum} operations`, {
    extensions: { code: "TOO_MANY_OPERATIONS", limit: "operations", maximum },
  });
}
