import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { memoryBroker } from "../../src/brokers/memory.ts";
import { brokerContract, type BrokerContractOptions } from "../../src/testing/broker-contract.ts";
import { CaseList } from "./case-list.ts";
import { type Bug, ToyBroker, ToyCluster } from "./toy-cluster.ts";

/** Each mistake, and the case that finds it. */
const found: Readonly<Record<Bug, string>> = {
  "confirms too early": "delivers each event that is published after subscribe has resolved",
  "drops an event now and then": "delivers each event that is published after subscribe has resolved",
  "delivers twice": "delivers each event that is published after subscribe has resolved",
  "turns two events around": "gives the position before each batch",
  "gives wrong positions to batches": "gives the position before each batch",
  "forgets the case of names": "keeps topics apart, whatever their names",
  "cuts long names": "keeps topics apart, whatever their names",
  "reads a star as a pattern": "does not treat a name as a pattern",
  "goes on after unsubscribe": "delivers no event after unsubscribe has resolved",
  "goes on after the end": "does not call the sink after its end",
  "stores an id twice": "stores one event per id and topic (idempotency key)",
  "ignores the nonce": "notices that the server lost the newest events and continued (fork)",
  "ignores the epoch": "notices that the server lost a topic's history",
  "forgets without a word": "reports dropped events as `expired`",
  "hides that there is more": "replays the events after each position",
  "overlooks the limit": "replays the events after each position",
  "misses what came while the link was cut":
    "loses no event while its link is cut, not even on a topic that is idle afterwards",
  "does not say that the link is down": "reports when its link is down and when it is up again",
  "claims what it never stored": "gives true receipts for events that are published while its link is cut",
  "hangs when it is disposed twice": "can be disposed twice, twice at once, and before it was opened",
  "rejects after the end": "refuses a publish after its end with CLOSED",
  "leaves a publish without an answer": "gives a receipt for every publish while it closes",
  "takes the end for an ordinary event": "carries the end of a topic at its position",
  "stamps its own time": "carries ids and times",
  "shortens payloads": "carries any JSON payload unchanged",
  "has no newest event": "gives the newest event of a topic",
  "takes others down with it": "does not disturb other processes when it ends",
  "ignores fences": "refuses a lower fencing token after a higher one",
  "has one fence for all": "keeps the fencing tokens of scopes apart, and accepts a publish without one",
};

function toyOptions(bug?: Bug): BrokerContractOptions {
  const cluster = new ToyCluster(bug);
  const short = new ToyCluster(bug, 10);
  return {
    name: bug ?? "toy",
    supports: { history: true, acrossProcesses: true, durable: true },
    create: () => new ToyBroker(cluster),
    fences: true,
    breakLink: async (broker) => (broker instanceof ToyBroker ? broker.cut() : () => {}),
    forget: async (topic) => cluster.forget(topic),
    loseTail: async (topic, events) => cluster.loseTail(topic, events),
    short: { create: () => new ToyBroker(short), events: 30 },
    ...(bug && { patience: 150 }),
  };
}

function listCases(options: BrokerContractOptions): ReadonlyMap<string, () => Promise<void>> {
  return CaseList.of((runner) => brokerContract(runner, options));
}

brokerContract(vitest, toyOptions());

describe("The broker contract", () => {
  it.for(Object.entries(found))("fails a broker that %s", async ([bug, name]) => {
    const body = listCases(toyOptions(bugNamed(bug))).get(name);
    await expect(body?.()).rejects.toBeInstanceOf(Error);
  });

  const ofOneProcess = "reports a gap after a position of another server";

  it("leaves out only the cases for a single process if a broker supports everything", () => {
    const cases = [...listCases(toyOptions()).keys()];
    expect(cases).toEqual(expect.arrayContaining(Object.values(found)));
    expect(cases).not.toContain(ofOneProcess);
  });

  it("leaves out cases for features that a broker does not support", () => {
    const cases = listCases({
      name: "memory",
      supports: { history: true, acrossProcesses: false, durable: false },
      create: () => memoryBroker(),
    });
    expect([...cases.keys()]).toContain(ofOneProcess);
    expect([...cases.keys()]).not.toContain("does not call the sink after its end");
    expect([...cases.keys()]).not.toContain("reports dropped events as `expired`");
  });
});

function bugNamed(name: string): Bug {
  const bugs: readonly string[] = Object.keys(found);
  const isBug = (text: string): text is Bug => bugs.includes(text);
  if (!isBug(name)) throw new TypeError(`There is no bug ${name}`);
  return name;
}
