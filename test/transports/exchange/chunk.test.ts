import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { writeChunk } from "../../../src/transports/exchange/chunk.ts";

/** Keeps what is written to it, at once or when it is told to. */
class Sink extends Writable {
  readonly pieces: Buffer[] = [];
  readonly #slow: boolean;
  #release: (() => void) | undefined;

  constructor(slow: boolean = false) {
    super({ highWaterMark: 16 });
    this.#slow = slow;
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    const take = (): void => {
      // A slow kernel reads the bytes late: they must still be what they were.
      this.pieces.push(Buffer.from(chunk));
      callback();
    };
    if (this.#slow) this.#release = take;
    else take();
  }

  /** Lets the stream take all that waits. */
  async release(): Promise<void> {
    while (this.#release) {
      const release = this.#release;
      this.#release = undefined;
      release();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString();
  }
}

const parts = (...texts: readonly string[]): readonly Uint8Array[] => texts.map((text) => Buffer.from(text));

/** The body that chunks make, read as RFC 9112, 7.1.1 says; throws on anything that is not a chunk. */
function unchunked(text: string): { readonly body: string; readonly chunks: number } {
  let [rest, body, chunks] = [Buffer.from(text), Buffer.alloc(0), 0];
  while (rest.length > 0) {
    const [, size = "", line = ""] = /^([0-9a-f]+)(\r\n)/.exec(rest.toString("latin1")) ?? [];
    const start = size.length + line.length;
    const end = start + Number.parseInt(size, 16);
    expect([line, rest.subarray(end, end + 2).toString()]).toEqual(["\r\n", "\r\n"]);
    body = Buffer.concat([body, rest.subarray(start, end)]);
    rest = rest.subarray(end + 2);
    chunks += 1;
  }
  return { body: body.toString(), chunks };
}

describe("A chunk", () => {
  const sizes = [1, 9, 10, 15, 16, 17, 255, 256, 3_071, 3_072, 3_073, 4_088, 4_089, 4_096, 65_535, 65_536, 1_048_576];

  it.each(sizes)("of %i bytes has its size before it", (size) => {
    const sink = new Sink();
    writeChunk(sink, parts("x".repeat(size)), 1, true);
    expect(sink.text).toBe(`${size.toString(16)}\r\n${"x".repeat(size)}\r\n`);
  });

  it.each([
    ["small pieces", ["head ", "shared", " tail"]],
    ["more small pieces than fit into the scratch", Array.from({ length: 3_000 }, (_, index) => `${index},`)],
    ["a large piece among small ones", ["head ", "ü".repeat(5_000), " tail", "", "x".repeat(3_072), "end"]],
    ["empty pieces", ["", "a", ""]],
  ])("is one for %s", (_what, texts) => {
    const sink = new Sink();
    writeChunk(sink, parts(...texts), texts.length, true);
    expect(unchunked(sink.text)).toEqual({ body: texts.join(""), chunks: 1 });
  });

  it("is not written for nothing, since an empty one ends a body", () => {
    const sink = new Sink();
    writeChunk(sink, parts("", "", ""), 3, true);
    writeChunk(sink, [], 0, true);
    expect(sink.pieces).toEqual([]);
  });

  it("is left out where the body is not chunked", () => {
    const sink = new Sink();
    writeChunk(sink, parts("a", "b", "c"), 3, false);
    writeChunk(sink, parts("x".repeat(4_000)), 1, false);
    expect(sink.text).toBe(`abc${"x".repeat(4_000)}`);
  });

  it("takes no more pieces than it was told", () => {
    const sink = new Sink();
    writeChunk(sink, parts("a", "b", "c", "d"), 3, false);
    expect(sink.text).toBe("abc");
  });
});

describe("Chunks that the kernel does not take at once", () => {
  it("keep their bytes while others are written", async () => {
    const [slow, other] = [new Sink(true), new Sink()];
    const texts = ["first", "second", "x".repeat(4_000), "third"];
    for (const text of texts) {
      writeChunk(slow, parts(text), 1, true);
      writeChunk(other, parts("z".repeat(text.length)), 1, true);
    }
    await slow.release();
    expect(unchunked(slow.text)).toEqual({ body: texts.join(""), chunks: 4 });
  });

  it("have copies of short pieces, also beside a long one", async () => {
    const slow = new Sink(true);
    const pieces = [Buffer.from("head "), Buffer.alloc(3_072, "x"), Buffer.from("y".repeat(3_000))];
    writeChunk(slow, pieces, 3, true);
    pieces[0]?.fill("?");
    pieces[2]?.fill("?");
    await slow.release();
    expect(unchunked(slow.text)).toEqual({ body: `head ${"x".repeat(3_072)}${"y".repeat(3_000)}`, chunks: 1 });
  });
});
