import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { echoServer, fetchServer } from "./http-server.ts";

const json = "Content-Type: application/json\r\n";

const head = (bytes: number, headers: string = json): string =>
  `POST /graphql HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${bytes}\r\n\r\n`;

/** Writes all of a request before it reads anything of the answer, as Python's urllib and Java's URLConnection do. */
async function writeFirst(port: number, bytes: number, headers?: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").pause();
  await once(socket, "connect");
  const body = Buffer.alloc(bytes, " ");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.write(Buffer.concat([Buffer.from(head(bytes, headers)), body]), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return socket.resume();
}

describe.each([
  ["Node's server", echoServer],
  ["a server of fetch", fetchServer],
])("a body far over the limit, for %s (PROTOCOL 7.7)", (_name, start) => {
  it("is read to its end, so that a client that writes first sees the 413", async () => {
    await using server = await start();
    const socket = await writeFirst(server.port, 12_000_000);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

it.each([
  ["too large", json, 413],
  ["of another type", "Content-Type: text/plain\r\n", 415],
])(
  "A body that is %s is read to its end on a connection that is closed after it, as urllib asks for",
  async (_what, type, status) => {
    await using server = await echoServer();
    const socket = await writeFirst(server.port, 12_000_000, `${type}Connection: close\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    socket.destroy();
  },
);

describe("a connection whose request was too large", () => {
  it("can be used again", async () => {
    await using server = await echoServer();
    const socket = await writeFirst(server.port, 300_000);
    await once(socket, "data");
    socket.write(`${head(18)}{"query":"{echo}"}`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it("is cut where its body goes on for ever (PROTOCOL 6.7)", async () => {
    await using server = await echoServer();
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(head(10 ** 12));
    const block = Buffer.alloc(1_000_000, " ");
    const more = (error?: Error | null): void => void (error || socket.write(block, more));
    more();
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /);
    await closed;
    expect(socket.bytesWritten).toBeLessThan(200_000_000);
  });
});
