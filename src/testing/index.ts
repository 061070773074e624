export { brokerContract } from "./broker-contract.ts";
export { TestClient, turns, type ReceivedMessage, type TestClientOptions } from "./client.ts";
export { fakeClock, type FakeClock } from "./fake-clock.ts";
export { LocalSocket, type Disconnection } from "./local-socket.ts";
