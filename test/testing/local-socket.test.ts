import { describe, expect, it } from "vitest";
import { LocalSocket, type Disconnection } from "../../src/testing/local-socket.ts";

function recorded() {
  const messages: string[] = [];
  const closings: Disconnection[] = [];
  const peer = { address: "192.0.2.1", url: "/", header: () => undefined };
  const socket = new LocalSocket(
    peer,
    (text) => messages.push(text),
    (disconnection) => closings.push(disconnection),
  );
  const write = (...texts: readonly string[]): void => {
    const none = new Uint8Array();
    socket.write(
      texts.flatMap((text) => [none, Buffer.from(text), none]),
      texts.length,
    );
  };
  return { socket, messages, closings, write };
}

describe("A local socket", () => {
  it("passes on each message as it is written, and counts pings", () => {
    const { messages, socket, write } = recorded();
    write("one", "two");
    socket.ping();
    expect([messages, socket.pings]).toEqual([["one", "two"], 1]);
  });

  it("does nothing after its end, which it reports once", () => {
    const { closings, messages, socket, write } = recorded();
    socket.close(4403, "Forbidden");
    write("too late");
    socket.ping();
    socket.close(1000, "Done");
    socket.terminate();
    expect([messages, socket.pings]).toEqual([[], 0]);
    expect(closings).toEqual([{ code: 4403, reason: "Forbidden" }]);
  });

  it("cuts a reason to 123 bytes, as a network's socket does", () => {
    const { closings, socket } = recorded();
    socket.close(4400, "€".repeat(100));
    expect(closings).toEqual([{ code: 4400, reason: "€".repeat(41) }]);
  });
});
