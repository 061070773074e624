import type { ClientMessage, ServerMessage } from "../../src/dialects/message.ts";
import type { Accept } from "../../src/contract/socket.ts";

const nothing = new Uint8Array();

/** The smallest session: acknowledges, and answers each operation with its own query. */
export const greeter: Accept = (socket, dialect) => {
  const say = (message: ServerMessage): void => {
    for (const bytes of socket.says?.(message) ?? dialect.encode(message)) socket.write([nothing, bytes, nothing], 1);
  };
  const receive = (message: ClientMessage): void => {
    if (message.type === "init") say({ type: "ack", payload: undefined });
    if (message.type !== "subscribe") return;
    const { head, tail } = dialect.envelope(message.id);
    const result = Buffer.from(JSON.stringify({ data: { hi: message.request.query } }));
    socket.write([head, result, tail], 1);
    say({ type: "complete", id: message.id });
    if (dialect.rules.endsWithOperation) socket.close(1000, "Done");
  };
  return {
    message: (text) => receive(dialect.decode(text)),
    receive,
    alive() {},
    pinged() {},
    drained() {},
    closed() {},
  };
};
