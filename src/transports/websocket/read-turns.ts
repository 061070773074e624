/** A connection that can be kept from reading for a moment. */
export interface Reader {
  /** Called when it has read enough for this turn: nothing is read until {@link release}. */
  hold(): void;
  release(): void;
}

/** Bytes that all connections together read in one turn of the event loop; then those that send much wait. */
const turnBytes = 2_097_152;
/** Bytes of one read from which a connection sends much. Node reads 65,536 at most at a time. */
const largeRead = 16_384;
/** Connections that go on in one turn: each reads once or more. */
const releasedPerTurn = 32;

/**
 * Bounds what is read from sockets in one turn of the event loop. Without it the loop reads all that has arrived, from all
 * connections, before anything else is done: 200 clients with 1 MiB each stop it for a tenth of a second. Connections that
 * send little never wait; the others go on in their order (round-robin).
 */
export class ReadTurns {
  readonly #defer: (callback: () => void) => void;
  readonly #held = new Set<Reader>();
  #left = turnBytes;
  #deferred = false;

  /** @param defer calls a function once at the end of this turn. */
  constructor(defer: (callback: () => void) => void) {
    this.#defer = defer;
  }

  /** Counts a read, and holds its reader if the turn has no bytes left. */
  read(reader: Reader, bytes: number): void {
    if (bytes < largeRead) return;
    this.#left -= bytes;
    this.#end();
    if (this.#left > 0 || this.#held.has(reader)) return;
    this.#held.add(reader);
    reader.hold();
  }

  /** Forgets a reader, which is not released any more. */
  leave(reader: Reader): void {
    this.#held.delete(reader);
  }

  #end(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#defer(this.#next);
  }

  readonly #next = (): void => {
    this.#deferred = false;
    this.#left = turnBytes;
    let count = 0;
    for (const reader of this.#held) {
      if (count === releasedPerTurn) break;
      count += 1;
      this.#held.delete(reader);
      reader.release();
    }
    if (this.#held.size > 0) this.#end();
  };
}
