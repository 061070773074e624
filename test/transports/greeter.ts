import type { Accept } from "../../src/contract/socket.ts";

const nothing = new Uint8Array();

/** The smallest session: acknowledges, and answers each operation with its own query. */
export const greeter: Accept = (socket, dialect) => {
  const write = (messages: readonly Uint8Array[]): void => {
    for (const bytes of messages) socket.write([nothing, bytes, nothing], 1);
  };
  return {
    message(text) {
      const message = dialect.decode(text);
      if (message.type === "init") write(dialect.encode({ type: "ack", payload: undefined }));
      if (message.type !== "subscribe") return;
      const { head, tail } = dialect.envelope(message.id);
      const result = Buffer.from(JSON.stringify({ data: { hi: message.request.query } }));
      socket.write([head, result, tail], 1);
      write(dialect.encode({ type: "complete", id: message.id }));
    },
    alive() {},
    drained() {},
    closed() {},
  };
};
