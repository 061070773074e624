import type { StreamBody, StreamListener } from "./exchange.ts";

/** As Node's streams have it: more than this waits for a reader that is slow. */
const highWaterMark = 16_384;

/** The body of a `Response` that is written bit by bit. Whoever reads it decides how fast. */
export class BodyStream implements StreamBody {
  readonly body: ReadableStream<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #listener: StreamListener;
  readonly #probes: (() => void)[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #waiting = false;
  #over = false;

  /** @param signal is aborted when the client goes away; not every runtime tells that by a cancelled body. */
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
    // Not an error: nobody is there to be told, and some runtimes would write it to their log.
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
    // The reader may detach the memory of what it was given.
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

  /** Called after each read: what is not in the queue any more is the reader's. */
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
