import type { StreamBody, StreamListener } from "./exchange.ts";

/** Bytes that may wait for a slow reader before the body is blocked, as for Node's streams. */
const highWaterMark = 16_384;

/** The streamed body of a `Response`, with back-pressure by the reader's pulls. */
export class BodyStream implements StreamBody {
  readonly body: ReadableStream<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #listener: StreamListener;
  readonly #probes: (() => void)[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waiting = false;
  #over = false;

  /** @param signal aborts when the client disconnects: not every runtime cancels the body then. */
  constructor(signal: AbortSignal, listener: StreamListener) {
    this.#signal = signal;
    this.#listener = listener;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pulled(),
        cancel: () => this.#cancelled(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark }),
    );
    // Closed instead of errored: some runtimes log an errored body, and the client has disconnected anyway.
    signal.addEventListener("abort", this.end, { once: true });
  }

  get blocked(): boolean {
    return (this.#controller?.desiredSize ?? 0) <= 0;
  }

  write(parts: readonly Uint8Array[], count: number): void {
    if (this.#over) return;
    let length = 0;
    for (let index = 0; index < 3 * count; index++) length += parts[index]?.length ?? 0;
    const bytes = new Uint8Array(length);
    let at = 0;
    for (let index = 0; index < 3 * count; index++) {
      const piece = parts[index];
      if (!piece) continue;
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#controller?.enqueue(bytes);
    this.#waiting = this.blocked;
  }

  probe(bytes: Uint8Array, taken: () => void): void {
    if (this.#over) return;
    // A copy: the reader may transfer, and so detach, the ArrayBuffer of a chunk.
    this.#controller?.enqueue(new Uint8Array(bytes));
    this.#probes.push(taken);
    if (this.blocked) this.#waiting = true;
    else if (this.#isEmpty) queueMicrotask(() => this.#answerProbes());
  }

  readonly end = (): void => {
    if (this.#over) return;
    this.#controller?.close();
    this.#finish();
  };

  destroy(): void {
    if (this.#over) return;
    this.#controller?.error(new Error("The connection was cut"));
    this.#finish();
  }

  get #isEmpty(): boolean {
    return this.#controller?.desiredSize === highWaterMark;
  }

  /** Called after each read. Once the queue is empty, the reader has taken the bytes of all probes. */
  #pulled(): void {
    if (this.#over) return;
    if (this.#isEmpty) this.#answerProbes();
    if (!this.#waiting || this.blocked) return;
    this.#waiting = false;
    this.#listener.drained();
  }

  #answerProbes(): void {
    if (this.#over) return;
    for (const taken of this.#probes.splice(0)) taken();
  }

  #cancelled(): void {
    if (!this.#over) this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#probes.length = 0;
    this.#signal.removeEventListener("abort", this.end);
    queueMicrotask(() => this.#listener.gone());
  }
}
