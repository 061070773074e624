import { describe, expect, it } from "vitest";
import { turns } from "../../../src/testing/client.ts";
import { BodyStream } from "../../../src/transports/exchange/body-stream.ts";

class Listener {
  drains = 0;
  ends = 0;

  drained(): void {
    this.drains += 1;
  }

  gone(): void {
    this.ends += 1;
  }
}

function stream() {
  const [listener, abort] = [new Listener(), new AbortController()];
  const body = new BodyStream(abort.signal, listener);
  const write = (text: string): void => body.write([Buffer.from("<"), Buffer.from(text), Buffer.from(">")], 1);
  return { listener, abort, body, write, reader: body.body.getReader() };
}

const textOf = ({ value }: { readonly value?: Uint8Array | undefined }) => Buffer.from(value ?? []).toString();

describe("A body of the Fetch standard", () => {
  it("carries each write as one piece", async () => {
    const { body, write, reader } = stream();
    write("one");
    body.write(
      ["a", "b", "c", "d", "e", "f", "left out"].map((text) => Buffer.from(text)),
      2,
    );
    expect([textOf(await reader.read()), textOf(await reader.read())]).toEqual(["<one>", "abcdef"]);
  });

  it("is blocked while more than 16 KiB wait, and tells once when they do no longer", async () => {
    const { body, write, reader, listener } = stream();
    expect(body.blocked).toBe(false);
    write("x".repeat(10_000));
    expect(body.blocked).toBe(false);
    write("x".repeat(10_000));
    write("x".repeat(10_000));
    expect(body.blocked).toBe(true);
    await reader.read();
    await turns(1);
    expect([body.blocked, listener.drains]).toEqual([true, 0]);
    await reader.read();
    await turns(1);
    expect([body.blocked, listener.drains]).toEqual([false, 1]);
    await reader.read();
    await turns(1);
    expect(listener.drains).toBe(1);
  });

  it("answers a probe when the reader has taken everything, and not before", async () => {
    const { body, write, reader } = stream();
    let taken = 0;
    write("one");
    body.probe(Buffer.from(":"), () => (taken += 1));
    await reader.read();
    await turns(1);
    expect(taken).toBe(0);
    expect(textOf(await reader.read())).toBe(":");
    await turns(1);
    expect(taken).toBe(1);
  });

  it("answers a probe at once that a reader has waited for", async () => {
    const { body, reader } = stream();
    let taken = 0;
    const read = reader.read();
    body.probe(Buffer.from(":"), () => (taken += 1));
    await read;
    await turns(1);
    expect(taken).toBe(1);
  });

  it("keeps the bytes of a probe for the next one, whatever its reader does with them", async () => {
    const { body, reader } = stream();
    const bytes = Buffer.from(":");
    body.probe(bytes, () => undefined);
    const { value } = await reader.read();
    value?.fill(0);
    expect(bytes.toString()).toBe(":");
  });

  it("ends after what was written", async () => {
    const { body, write, reader, listener } = stream();
    write("one");
    body.end();
    write("two");
    body.probe(Buffer.from(":"), () => undefined);
    body.end();
    expect(textOf(await reader.read())).toBe("<one>");
    expect((await reader.read()).done).toBe(true);
    expect(listener.ends).toBe(1);
  });

  it.each<[string, (made: ReturnType<typeof stream>) => unknown]>([
    ["its reader cancels it", ({ reader }) => reader.cancel()],
    ["its request is aborted", ({ abort }) => abort.abort()],
    ["it is cut", ({ body }) => body.destroy()],
  ])("is over when %s, and takes nothing more", async (_what, over) => {
    const made = stream();
    made.write("one");
    made.reader.closed.catch(() => "cut");
    void over(made);
    await turns(1);
    expect(made.listener.ends).toBe(1);
    made.write("two");
    made.body.probe(Buffer.from(":"), () => undefined);
    made.body.end();
    made.body.destroy();
    made.abort.abort();
    await turns(1);
    expect([made.listener.ends, made.listener.drains]).toEqual([1, 0]);
  });
});
