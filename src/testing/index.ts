export { brokerContract, type BrokerContractOptions } from "./broker-contract.ts";
export { TestClient, turns, type ReceivedMessage, type TestClientOptions } from "./client.ts";
export type { Excuse } from "./contract-suite.ts";
export { dialectContract, type DialectContractOptions, type ReadMessage } from "./dialect-contract.ts";
export { fakeClock, type FakeClock } from "./fake-clock.ts";
export { LocalSocket, type Disconnection } from "./local-socket.ts";
export type { Expectation, Runner } from "./runner.ts";
export {
  socketContract,
  type SocketClient,
  type SocketContractOptions,
  type SocketEnding,
  type SocketIntroduction,
} from "./socket-contract.ts";
export {
  sourceContract,
  type SourceContractOptions,
  type SourceDatabase,
  type SourceWriter,
} from "./source-contract.ts";
