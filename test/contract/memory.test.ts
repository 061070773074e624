import * as vitest from "vitest";
import { memoryBroker } from "../../src/brokers/memory.ts";
import { brokerContract } from "../../src/testing/broker-contract.ts";

brokerContract(vitest, {
  name: "memory",
  supports: { history: true, acrossProcesses: false, durable: false },
  create: () => memoryBroker(),
  fences: true,
  short: { create: () => memoryBroker({ history: { events: 10 } }), events: 30 },
});
