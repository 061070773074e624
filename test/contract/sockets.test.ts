import * as vitest from "vitest";
import type { Accept, SocketHandler } from "../../src/contract/socket.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { LocalSocket, type Disconnection } from "../../src/testing/local-socket.ts";
import { socketContract, type SocketClient } from "../../src/testing/socket-contract.ts";
import { openDistinctStream, openFetchStream, openSingleStream } from "./event-stream-end.ts";
import { openWebSocket } from "./websocket-end.ts";

socketContract(vitest, { name: "websocket", open: (accept) => openWebSocket(accept, false) });

socketContract(vitest, {
  name: "websocket with permessage-deflate",
  open: (accept) => openWebSocket(accept, true),
});

const ofResponses = [
  { case: "closes with the code and the reason", reason: "a response just ends" },
  {
    case: "calls `closed` with its client's code and reason",
    reason: "a client of a response can only go away",
  },
];
const asksOnce = {
  case: "hands over its client's messages, whole and in order",
  reason: "its client has asked for all that it wants before there is a connection",
};

socketContract(vitest, {
  name: "event stream of one operation",
  open: openDistinctStream,
  excuses: [asksOnce, ...ofResponses],
});
socketContract(vitest, { name: "event stream of many operations", open: openSingleStream, excuses: ofResponses });
socketContract(vitest, { name: "event stream of fetch", open: openFetchStream, excuses: [asksOnce, ...ofResponses] });

const answersForItself = "a test says itself when its client answers a ping";

socketContract(vitest, {
  name: "local socket",
  open: openLocalSocket,
  patience: 500,
  excuses: [
    { case: "calls `alive` when its client answers a ping, and hands over no message", reason: answersForItself },
    { case: "does not call `alive` for a client that does not read, until it does", reason: answersForItself },
  ],
});

/** Opens a local socket, as the test client does. */
async function openLocalSocket(accept: Accept): Promise<SocketClient> {
  const messages: string[] = [];
  const introduction = { address: "192.0.2.1", url: "/graphql", headers: { "x-garage": "two words" } };
  const { promise: ended, resolve } = Promise.withResolvers<Disconnection>();
  let handler: SocketHandler | undefined;
  const socket = new LocalSocket(
    { ...introduction, header: (name) => new Map(Object.entries(introduction.headers)).get(name) },
    (text) => messages.push(text),
    (disconnection) => {
      handler?.closed(disconnection.code, disconnection.reason);
      resolve(disconnection);
    },
  );
  handler = accept(socket, graphqlTransportWs());
  return {
    introduction,
    messages,
    ended,
    send: (text) => handler?.message(text),
    pause() {
      socket.blocked = true;
    },
    resume() {
      socket.blocked = false;
      handler?.drained();
    },
    close: (code, reason) => socket.close(code, reason),
    die: () => socket.terminate(),
    async [Symbol.asyncDispose]() {
      socket.terminate();
    },
  };
}
