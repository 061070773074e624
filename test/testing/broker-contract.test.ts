import * as vitest from "vitest";
import { describe, expect, it } from "vitest";
import { memoryBroker } from "../../src/brokers/memory.ts";
import { brokerContract, type BrokerContractOptions } from "../../src/testing/broker-contract.ts";
import { CaseList } from "./case-list.ts";
import { type Bug, ToyBroker, ToyCluster } from "./toy-cluster.ts";

/** Each mistake, and the case that finds it. */
const found: Readonly<Record<Bug, string>> = {
  "confirms too early": "delivers what is published after subscribe has resolved",
  "drops an event now and then": "delivers what is published after subscribe has resolved",
  "delivers twice": "delivers what is published after subscribe has resolved",
  "turns two events around": "says after which position a batch comes",
  "gives wrong positions to batches": "says after which position a batch comes",
  "forgets the case of names": "keeps topics apart, whatever they are called",
  "cuts long names": "keeps topics apart, whatever they are called",
  "reads a star as a pattern": "takes no name for a pattern",
  "goes on after unsubscribe": "is silent after unsubscribe",
  "goes on after the end": "is silent after the end",
  "stores an id twice": "stores one event for each id and topic",
  "ignores the nonce": "notices that the server lost the newest events and counted on",
  "ignores the epoch": "notices that the server forgot a topic",
  "forgets without a word": "says that what it does not keep any more has expired",
  "hides that there is more": "replays what came after each position",
  "overlooks the limit": "replays what came after each position",
  "misses what came while the link was cut":
    "loses nothing while its link is cut, not even on a topic that is quiet afterwards",
  "does not say that the link is down": "says when its link is down and when it is up again",
  "claims what it never stored": "tells the truth about what is published while its link is cut",
  "hangs when it is disposed twice": "can be disposed twice, twice at once, and without having been open",
  "rejects after the end": "refuses with CLOSED what is published after the end",
  "leaves a publish without an answer": "answers every publish while it closes",
  "takes the end for an ordinary event": "carries the end of a topic, in its place",
  "stamps its own time": "carries ids and times",
  "shortens payloads": "carries payloads as they are",
  "has no newest event": "knows the newest event",
  "takes others down with it": "leaves other processes alone when it ends",
  "ignores fences": "refuses what an earlier leader writes after a later one",
  "has one fence for all": "keeps the leaders of one scope apart from those of others, and from whoever has none",
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

describe("the broker contract", () => {
  it.for(Object.entries(found))("finds a broker that %s", async ([bug, name]) => {
    const body = listCases(toyOptions(bugNamed(bug))).get(name);
    await expect(body?.()).rejects.toBeInstanceOf(Error);
  });

  const ofOneProcess = "says that positions of another server are gone";

  it("leaves out only the case of a single process when a broker can do everything", () => {
    const cases = [...listCases(toyOptions()).keys()];
    expect(cases).toEqual(expect.arrayContaining(Object.values(found)));
    expect(cases).not.toContain(ofOneProcess);
  });

  it("leaves out what a broker of the kind does not support", () => {
    const cases = listCases({
      name: "memory",
      supports: { history: true, acrossProcesses: false, durable: false },
      create: () => memoryBroker(),
    });
    expect([...cases.keys()]).toContain(ofOneProcess);
    expect([...cases.keys()]).not.toContain("is silent after the end");
    expect([...cases.keys()]).not.toContain("says that what it does not keep any more has expired");
  });
});

function bugNamed(name: string): Bug {
  const bugs: readonly string[] = Object.keys(found);
  const isBug = (text: string): text is Bug => bugs.includes(text);
  if (!isBug(name)) throw new TypeError(`There is no bug ${name}`);
  return name;
}
