/** Reads PostgreSQL's wire format: big-endian numbers, and strings with a terminating zero byte or a length. */
export class WireReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  letter(): string {
    return String.fromCharCode(this.byte());
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#skip(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#skip(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#skip(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#skip(8));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#skip(8));
  }

  /** Reads a string of `length` bytes. */
  text(length: number): string {
    const start = this.#skip(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  /** Reads a string up to a zero byte. */
  name(): string {
    const end = this.#bytes.indexOf(0, this.#offset);
    if (end < 0) throw new RangeError("A name has no end");
    const name = this.text(end - this.#offset);
    this.#skip(1);
    return name;
  }

  /** The bytes that were not read yet, as a view on the same memory. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset);
  }

  #skip(length: number): number {
    const start = this.#offset;
    if (start + length > this.#bytes.length) throw new RangeError("A message ends too early");
    this.#offset += length;
    return start;
  }
}
