import { GraphQLError } from "graphql";
import { closeCodes, type CloseCode } from "../base/close-code.ts";
import type { Late } from "../base/deadlines.ts";
import { exceededBound } from "../base/json-bounds.ts";
import { jsonMemory } from "../base/json-memory.ts";
import type { Peer } from "../contract/peer.ts";
import type { Socket, SocketHandler } from "../contract/socket.ts";
import { telemetry } from "../contract/telemetry.ts";
import type { Viewer } from "../contract/viewer.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { ClientMessage, MessagePayload, OperationRequest } from "../dialects/message.ts";
import type { SessionHooks } from "../operation/connection.ts";
import { Operation, type OperationOwner } from "../operation/operation.ts";
import { readingPriority } from "../operation/reading-priority.ts";
import { requestMemory } from "../operation/request-memory.ts";
import { Writer, type WriterOwner } from "../outbox/writer.ts";
import { admissionOf } from "./admission.ts";
import type { SessionHost } from "./host.ts";
import { Inbox } from "./inbox.ts";
import { OperationTable } from "./operation-table.ts";
import type { RequestHolder } from "./request-budget.ts";
import { StartQueue } from "./start-queue.ts";
import { step, type SessionEffect, type SessionInput, type SessionState } from "./state.ts";

/** A client's connection in any dialect: carries out the effects of the state machine. */
export class Session implements SocketHandler, OperationOwner, WriterOwner, RequestHolder, Late {
  readonly id: string;
  readonly host: SessionHost;
  readonly writer: Writer;
  readonly #operations = new OperationTable<Operation>();
  requestBytes = 0;
  /** This client's numbers in the rate limits of messages and of bytes. */
  #rate = 0;
  #byteRate = 0;
  /** Messages that wait for their turn; undefined while none does, which is the usual case. */
  #inbox: Inbox | undefined;
  #starts: StartQueue<Operation> | undefined;
  #state: SessionState = "open";
  #params: MessagePayload | undefined;
  #connected: object | undefined;
  #accepted = false;
  #gone: { readonly code: number; readonly reason: string } | undefined;
  /** Whether a ping is unanswered. */
  #pinged = false;

  constructor(host: SessionHost, socket: Socket, dialect: Dialect, id: string) {
    this.host = host;
    this.id = id;
    this.writer = new Writer(this, socket, dialect);
    host.init.add(this);
    this.writer.sendMessage({ type: "opened", keepsAlive: host.registry.pings });
  }

  get peer(): Peer {
    return this.writer.socket.peer;
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

  /** The number of operations that run or wait to be started. */
  get operations(): number {
    return this.#operations.size;
  }

  get acknowledged(): boolean {
    return this.#state === "ready";
  }

  get accepted(): boolean {
    return this.#accepted;
  }

  message(text: string): void {
    if (this.#state === "closed" || !this.#mayTalk(text.length)) return;
    if (!this.#inbox) {
      const time = this.host.engine.scheduler.whenTime(readingPriority(text.length));
      if (!time) return this.#read(text);
      this.#inbox = new Inbox(this.host, this.writer.socket, time, () => (this.#inbox = undefined));
    }
    this.#inbox.add(text.length, () => this.#readLate(text));
  }

  receive(message: ClientMessage, bytes: number = 0): void {
    if (this.#state === "closed" || !this.#mayTalk(bytes)) return;
    this.#take(bytes > this.#maxMessageBytes ? this.#tooLarge() : message);
  }

  alive(): void {
    this.#pinged = false;
    this.#mayTalk(0);
  }

  pinged(bytes: number, answer: () => void): void {
    if (!this.#mayTalk(bytes)) return;
    if (this.#inbox) this.#inbox.add(bytes, answer);
    else answer();
  }

  late(): void {
    this.#step({ type: "late" });
  }

  drained(): void {
    this.writer.flush();
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

  close(code?: number, reason: string = ""): void {
    if (code === undefined) this.end(closeCodes.unauthorized, reason || "Closed by the application");
    else this.end({ code, reason, retry: false });
  }

  /** Closes the connection. The outbox is dropped; bytes that were written to the socket are still sent. */
  end(code: CloseCode, reason: string = code.reason): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#release();
    this.writer.socket.close(code.code, reason);
  }

  /** Pings the client, or terminates the connection if the last ping is unanswered. */
  checkAlive(): void {
    if (this.#pinged) {
      this.writer.socket.terminate();
      return;
    }
    this.#pinged = true;
    this.writer.socket.ping();
    if (this.#state === "ready") this.writer.sendMessage({ type: "keepAlive" });
  }

  ended(operation: Operation): void {
    this.#forget(operation);
    this.host.requests.give(this, operation.requestBytes);
    this.#starts?.delete(operation);
    if (operation.queue.muted) this.writer.dropAll(operation.id);
    if (this.writer.dialect.rules.endsWithOperation && this.#state === "ready") this.#endWhenFlushed();
  }

  takes(operation: Operation, bytes: number): boolean {
    const shortage = this.host.requests.take(this, bytes);
    if (shortage === undefined) operation.requestBytes += bytes;
    else if (shortage === "server") this.end(closeCodes.overload);
    else operation.fail([tooManyBytes(this.#maxRequestBytes)]);
    return shortage === undefined;
  }

  reinstate(operation: Operation): void {
    this.#keep(operation);
  }

  #endWhenFlushed(): void {
    this.writer.flush();
    if (this.writer.isIdle) this.end(closeCodes.normal);
    else void this.writer.whenFlushed().then(() => this.#endWhenFlushed());
  }

  /** Counts a message, or a control frame, against the rate limits. Over them the connection is closed. */
  #mayTalk(bytes: number): boolean {
    if (this.#state === "closed") return false;
    const { rate, byteRate, clock } = this.host;
    const now = clock.now();
    const next = rate.take(this.#rate, now);
    const nextBytes = byteRate.take(this.#byteRate, now, bytes);
    if (next === undefined || nextBytes === undefined) {
      this.end(closeCodes.tooMany, next === undefined ? "Too many messages" : "Too many bytes");
      return false;
    }
    this.#rate = next;
    this.#byteRate = nextBytes;
    return true;
  }

  /** Reads a message whose turn has come. Its transport cannot catch an error any more. */
  #readLate(text: string): void {
    try {
      this.#read(text);
    } catch (error) {
      this.host.log.error("A session failed", { error });
      this.end(closeCodes.internalError);
    }
  }

  #read(text: string): void {
    if (this.#state === "closed") return;
    this.#take(isWithin(text, this.#maxMessageBytes) ? this.#decode(text) : this.#tooLarge());
  }

  #take(message: ClientMessage): void {
    const isRunning = (id: string) => this.#operations.has(id);
    this.#step({ type: "message", message, isRunning });
  }

  #decode(text: string): ClientMessage {
    const { jsonDepth: depth, jsonBytes: bytes } = this.host.limits;
    const exceeded = exceededBound(text, { depth, bytes });
    return exceeded ? { type: "invalid", reason: `A message ${exceeded}` } : this.writer.dialect.decode(text);
  }

  get #maxMessageBytes(): number {
    const { messageBytes, messageBytesBeforeAck } = this.host.limits;
    return this.#state === "ready" ? messageBytes : messageBytesBeforeAck;
  }

  get #maxRequestBytes(): number {
    const { requestBytes, requestBytesBeforeAck } = this.host.limits;
    return this.#accepted ? requestBytes : requestBytesBeforeAck;
  }

  #tooLarge(): ClientMessage {
    return { type: "invalid", reason: `A message may have at most ${this.#maxMessageBytes} bytes` };
  }

  #step(input: SessionInput): void {
    const [state, effect] = step(this.#state, input, this.writer.dialect.rules);
    // `end` closes the session and sets the state itself; it would do nothing in the state `closed`.
    if (effect.type !== "close" && effect.type !== "refuse") this.#state = state;
    this.#carryOut(effect);
  }

  #carryOut(effect: SessionEffect): void {
    switch (effect.type) {
      case "none":
        return;
      case "connect":
        return this.#connect(effect.payload);
      case "acknowledge":
        return this.#acknowledge(effect.payload);
      case "pong":
        return this.writer.sendMessage({ type: "pong", payload: effect.payload });
      case "start":
        return this.#start(effect.id, effect.request);
      case "stop":
        return this.#stop(effect.id);
      case "answer":
        return this.writer.sendMessage({ type: "invalid", id: effect.id, reason: effect.reason });
      case "refuse":
        this.writer.sendMessage({ type: "refused", reason: effect.reason });
        this.writer.flush();
        return this.end(effect.code, effect.reason);
      case "close":
        return this.end(effect.code, effect.reason);
    }
  }

  #connect(params: MessagePayload | undefined): void {
    const { hooks, init } = this.host;
    init.delete(this);
    if (params && !this.#keepParams(params)) return;
    if (hooks.onConnect) void this.#ask(hooks.onConnect, params ?? {});
    // Not at once: messages of the same read as the init message are held to the limits before the acknowledgement.
    else void Promise.resolve().then(() => this.#accept(undefined, undefined));
  }

  /** Keeps the init payload, if it is within the budget for requests. Otherwise the connection is closed. */
  #keepParams(params: MessagePayload): boolean {
    const shortage = this.host.requests.take(this, jsonMemory(params));
    if (shortage === "server") this.end(closeCodes.overload);
    else if (shortage) this.end(closeCodes.badRequest, "The payload of the init message takes too much memory");
    else this.#params = params;
    return shortage === undefined;
  }

  #accept(connected: object | undefined, payload: MessagePayload | undefined): void {
    this.#connected = connected;
    this.host.requests.accept(this);
    this.#accepted = true;
    // Closed while `onConnect` ran, which then accepted it: each such connection gets its `onDisconnect`.
    if (this.#gone) return void this.#disconnected(this.#gone.code, this.#gone.reason);
    this.#step({ type: "accepted", payload });
  }

  async #ask(onConnect: NonNullable<SessionHooks["onConnect"]>, params: MessagePayload): Promise<void> {
    const { ack, log } = this.host;
    ack.add(this);
    try {
      const answer: unknown = await onConnect(params, this);
      const admission = admissionOf(answer);
      if (admission.admits) return this.#accept(admission.connected, admission.payload);
      if (admission.problem) log.error(admission.problem, { session: this.id });
      this.#step({ type: "refused", reason: closeCodes.forbidden.reason });
    } catch (error) {
      const meant = error instanceof GraphQLError;
      if (!meant) log.error("onConnect failed", { error });
      this.#step({ type: "refused", reason: meant ? error.message : closeCodes.forbidden.reason });
    }
  }

  #acknowledge(payload: MessagePayload | undefined): void {
    const { ack, registry } = this.host;
    ack.delete(this);
    registry.acknowledged(this);
    this.writer.sendMessage({ type: "ack", payload, keepsAlive: registry.pings });
    this.#starts?.begin();
    const channel = telemetry["session.ready"];
    if (channel.hasSubscribers) channel.publish({ session: this.id, viewer: this.viewer?.id });
  }

  #start(id: string, request: OperationRequest): void {
    const former = this.#operations.get(id);
    const succeeds = this.writer.dialect.rules.duplicate === "succeed";
    if (former && !succeeds) former.stop();
    // The former operation may have ended before the client knew: its queued results are dropped.
    if (this.writer.dialect.rules.duplicate === "replace") this.writer.dropAll(id);
    if (former && succeeds) this.#forget(former);
    const operation = new Operation(this, id, succeeds ? former : undefined);
    const { operationIdBytes, operations, starting } = this.host.limits;
    if (this.#operations.size >= operations) return operation.fail([tooManyOperations(operations)]);
    if (!this.takes(operation, requestMemory(request) + jsonMemory(id))) return;
    this.#keep(operation);
    const limit = this.host.ordering === "strict" ? 1 : starting;
    this.#starts ??= new StartQueue(limit, this.acknowledged, () => (this.#starts = undefined));
    if (isWithin(id, operationIdBytes)) this.#starts.add(operation, () => operation.start(request));
    else this.#starts.add(operation, async () => operation.fail([idTooLong(operationIdBytes)]));
  }

  #keep(operation: Operation): void {
    this.#operations.add(operation);
    this.writer.sharesWrites = this.#operations.size > 1;
  }

  #forget(operation: Operation): void {
    this.#operations.delete(operation);
    this.writer.sharesWrites = this.#operations.size > 1;
  }

  #stop(id: string): void {
    const operation = this.#operations.get(id);
    const { echoesComplete } = this.writer.dialect.rules;
    // An operation that has ended may still have queued results, and the client may reuse its id at once.
    if (!operation && !echoesComplete) this.writer.dropAll(id);
    if (!operation) return;
    operation.stop();
    if (echoesComplete) this.writer.sendMessage({ type: "complete", id });
  }

  /** Releases everything that the session holds, except its socket. */
  #release(): void {
    this.host.init.delete(this);
    this.host.ack.delete(this);
    this.#inbox?.clear();
    this.#starts?.clear();
    this.writer.close();
    for (const operation of this.#operations.all()) operation.closed();
    this.#operations.clear();
    this.host.requests.give(this, this.requestBytes);
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

function isWithin(text: string, bytes: number): boolean {
  // A UTF-16 code unit takes one to three bytes of UTF-8, so the bytes of most texts need not be counted.
  return text.length * 3 <= bytes || (text.length <= bytes && Buffer.byteLength(text) <= bytes);
}

function idTooLong(maximum: number): GraphQLError {
  return new GraphQLError(`An operation's id may have at most ${maximum} bytes`, {
    extensions: { code: "LIMIT_EXCEEDED", limit: "operationIdBytes", maximum },
  });
}

function tooManyBytes(maximum: number): GraphQLError {
  return new GraphQLError(`The requests of a connection may take at most ${maximum} bytes of memory`, {
    extensions: { code: "LIMIT_EXCEEDED", limit: "requestBytes", maximum },
  });
}

function tooManyOperations(maximum: number): GraphQLError {
  return new GraphQLError(`A connection may run at most ${maximum} operations`, {
    extensions: { code: "TOO_MANY_OPERATIONS", limit: "operations", maximum },
  });
}
