import { PubSub } from "graphql-subscriptions";
import * as vitest from "vitest";
import { pubSubEngineBroker } from "../../src/brokers/pubsub-engine.ts";
import { brokerContract } from "../../src/testing/broker-contract.ts";

brokerContract(vitest, {
  name: "pubsub-engine, one broker",
  supports: { history: false, acrossProcesses: false, durable: false },
  create: () => pubSubEngineBroker(new PubSub()),
});

const shared = new PubSub();

brokerContract(vitest, {
  name: "pubsub-engine, several brokers on one engine",
  supports: { history: false, acrossProcesses: true, durable: false },
  create: () => pubSubEngineBroker(shared, { acrossProcesses: true }),
  excuses: [{ case: "carries ids and times", reason: "the engine carries the payload and nothing else" }],
});
