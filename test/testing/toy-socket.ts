import { cutReason } from "../../src/base/close-code.ts";
import type { Peer } from "../../src/contract/peer.ts";
import type { Accept, Socket, SocketHandler } from "../../src/contract/socket.ts";
import type { ServerMessage } from "../../src/dialects/message.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import type { SocketClient, SocketEnding } from "../../src/testing/socket-contract.ts";

/** A mistake that a transport's author can make; the contract has to find each of them. */
export type SocketBug =
  | "reads headers from an object"
  | "forgets its client at the end"
  | "hands text over in pieces"
  | "makes messages of text"
  | "cannot be closed in the middle of a call"
  | "sends each piece as a message"
  | "turns messages around"
  | "cuts long messages"
  | "writes one message of many"
  | "writes all that the array has"
  | "keeps what it was lent"
  | "keeps what it was lent while its client is slow"
  | "is blocked after each write"
  | "never is blocked"
  | "forgets drained"
  | "calls drained too early"
  | "holds everybody up"
  | "reads on while it is paused"
  | "cannot be closed while it is paused"
  | "does not tell of answers to pings"
  | "takes every ping for answered"
  | "drops what waits when it is closed"
  | "writes after it was closed"
  | "closes without a reason"
  | "tells the code that it was closed with last"
  | "refuses a long reason"
  | "tells its own code for that of its client"
  | "does not notice that its client died"
  | "tells another code when it was cut"
  | "tells its end twice"
  | "throws after the end"
  | "tells of life after the end";

/** The number of waiting bytes from which the socket is blocked. */
const highWaterMark = 16_384;

const introduction = { address: "192.0.2.1", url: "/toys?of=wood", headers: { "x-garage": "two words" } };

/** A socket in this process, with the delays and the back-pressure of a network. */
export class ToySocket implements Socket {
  readonly client: SocketClient;
  readonly #messages: string[] = [];
  readonly #bug: SocketBug | undefined;
  readonly #handler: SocketHandler;
  readonly #ended: PromiseWithResolvers<SocketEnding> = Promise.withResolvers();
  /** The written messages that were not read yet; a function is a ping or the end. */
  readonly #wire: (readonly Uint8Array[] | (() => void))[] = [];
  #paused = false;
  /** What the client sends while the session has paused the socket. */
  #held: (() => void)[] | undefined;
  #telling = false;
  #blocked = false;
  #closing: { readonly code: number; readonly reason: string } | undefined;
  #gone = false;
  /** All toy sockets whose client does not read, for the mistake that delays all others. */
  static readonly #stuck = new Set<ToySocket>();

  constructor(accept: Accept, bug?: SocketBug) {
    this.#bug = bug;
    this.#handler = accept(this, graphqlTransportWs());
    this.client = {
      introduction,
      messages: this.#messages,
      ended: this.#ended.promise,
      send: (text) => this.#send(text),
      pause: () => this.#pause(),
      resume: () => this.#resume(),
      close: (code, reason) => this.#close(code, reason),
      die: () => this.#die(),
      [Symbol.asyncDispose]: async () => {
        ToySocket.#stuck.delete(this);
        this.#leave(1006, "");
      },
    };
  }

  get peer(): Peer {
    if (this.#bug === "forgets its client at the end" && this.#gone) {
      return { address: "", url: "", header: () => undefined };
    }
    const { headers, ...rest } = introduction;
    const values = new Map(Object.entries(headers));
    if (this.#bug !== "reads headers from an object") return { ...rest, header: (name) => values.get(name) };
    const found = (name: string): string | undefined =>
      name in headers ? (values.get(name) ?? "native code") : undefined;
    return { ...rest, header: found };
  }

  get blocked(): boolean {
    return this.#bug !== "never is blocked" && this.#blocked;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    if (this.#gone && this.#bug === "throws after the end") throw new Error("The socket is closed");
    if (this.#gone || (this.#closing && this.#bug !== "writes after it was closed")) return;
    const length = this.#bug === "writes all that the array has" ? parts.length / 3 : count;
    const messages = Array.from({ length }, (_, index) => parts.slice(3 * index, 3 * index + 3));
    if (this.#bug === "turns messages around") messages.reverse();
    if (this.#bug === "writes one message of many") messages.splice(1);
    for (const pieces of messages) this.#wire.push(...this.#packed(pieces));
    const waiting = this.#wire.flatMap((each) => (typeof each === "function" ? [] : each));
    if (waiting.reduce((sum, piece) => sum + piece.length, 0) > highWaterMark && this.#paused) this.#block();
    if (this.#bug === "is blocked after each write") this.#block();
    this.#readSoon();
  }

  says(message: ServerMessage): undefined {
    if (message.type === "refused" && this.#gone && this.#bug === "throws after the end") throw new Error("closed");
  }

  pause(): void {
    if (this.#bug !== "reads on while it is paused") this.#held ??= [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const hand of held) hand();
  }

  ping(): void {
    if (this.#closing || this.#gone) return;
    const alive = (): void => {
      if (!this.#gone || this.#bug === "tells of life after the end") this.#handler.alive();
    };
    if (this.#bug === "takes every ping for answered") queueMicrotask(alive);
    else if (this.#bug !== "does not tell of answers to pings") this.#wire.push(alive);
    this.#readSoon();
  }

  close(code: number, reason: string): void {
    if (this.#gone || (this.#telling && this.#bug === "cannot be closed in the middle of a call")) return;
    if (this.#held && this.#bug === "cannot be closed while it is paused") return;
    if (this.#closing && this.#bug !== "tells the code that it was closed with last") return;
    if (this.#bug === "refuses a long reason" && Buffer.byteLength(reason) > 123) throw new RangeError("Too long");
    if (this.#bug === "drops what waits when it is closed") this.#wire.length = 0;
    const isFirst = !this.#closing;
    this.#closing = { code, reason: cutReason(reason) };
    if (isFirst) this.#wire.push(() => this.#over(this.#closing ?? { code, reason }));
    this.#readSoon();
  }

  terminate(): void {
    this.#wire.length = 0;
    const code = this.#bug === "tells another code when it was cut" ? 1000 : 1006;
    setImmediate(() => this.#over({ code, reason: "" }));
  }

  #send(text: string): void {
    const pieces = this.#bug === "hands text over in pieces" ? [text.slice(0, 10_000), text.slice(10_000)] : [text];
    const hand = (): void => {
      if (this.#gone) return;
      this.#telling = true;
      if (this.#bug === "makes messages of text") this.#handler.receive({ type: "ping", payload: undefined });
      for (const piece of pieces) if (piece !== "") this.#handler.message(piece);
      this.#telling = false;
    };
    setImmediate(() => {
      if (this.#held) this.#held.push(hand);
      else hand();
    });
  }

  #pause(): void {
    this.#paused = true;
    if (this.#bug === "holds everybody up") ToySocket.#stuck.add(this);
  }

  #resume(): void {
    this.#paused = false;
    ToySocket.#stuck.delete(this);
    this.#readSoon();
  }

  #die(): void {
    if (this.#bug !== "does not notice that its client died") this.#leave(1006, "");
  }

  #close(code: number, reason: string): void {
    if (this.#bug === "tells its own code for that of its client") this.#leave(1000, "Done");
    else this.#leave(code, reason);
  }

  #leave(code: number, reason: string): void {
    this.#wire.length = 0;
    setImmediate(() => this.#over({ code, reason }));
  }

  #packed(pieces: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
    const lent = this.#bug === "keeps what it was lent";
    const lentIfSlow = this.#bug === "keeps what it was lent while its client is slow" && this.#paused;
    const kept = pieces.map((piece) => (lent || lentIfSlow ? piece : Uint8Array.from(piece)));
    if (this.#bug === "sends each piece as a message") return kept.map((piece) => [piece]);
    if (this.#bug === "cuts long messages") return [kept.map((piece) => piece.slice(0, 200_000))];
    return [kept];
  }

  #block(): void {
    this.#blocked = true;
    if (this.#bug === "calls drained too early") queueMicrotask(() => this.#handler.drained());
  }

  #readSoon(): void {
    setImmediate(() => this.#read());
  }

  #read(): void {
    if (this.#paused || ToySocket.#stuck.size > 0) return;
    for (const each of this.#wire.splice(0)) {
      if (typeof each === "function") each();
      else if (!this.#gone || this.#bug === "writes after it was closed")
        this.#messages.push(Buffer.concat(each).toString());
    }
    if (!this.#blocked || this.#gone) return;
    this.#blocked = false;
    if (this.#bug !== "forgets drained") this.#handler.drained();
  }

  #over({ code, reason }: { readonly code: number; readonly reason: string }): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#ended.resolve({ code, reason: this.#bug === "closes without a reason" ? "" : reason });
    this.#handler.closed(code, reason);
    if (this.#bug === "tells its end twice") this.#handler.closed(code, reason);
    if (this.#bug === "tells of life after the end") this.#handler.alive();
  }
}
