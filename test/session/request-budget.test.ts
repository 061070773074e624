import { describe, expect, it } from "vitest";
import { sessionLimits } from "../../src/session/limits.ts";
import { RequestBudget, type RequestHolder } from "../../src/session/request-budget.ts";

/** Bytes of each connection that only its own limit counts. */
const free = 2_048;

class Holder implements RequestHolder {
  readonly peer;
  accepted: boolean;
  requestBytes = 0;

  constructor(address: string = "a", accepted: boolean = false) {
    this.peer = { address, url: "/", header: () => undefined };
    this.accepted = accepted;
  }
}

function accept(budget: RequestBudget, holder: Holder): void {
  budget.accept(holder);
  holder.accepted = true;
}

describe("The budget for requests", () => {
  it("bounds what a connection takes, less before it is accepted, PROTOCOL 6.2", () => {
    const budget = new RequestBudget(sessionLimits({ requestBytes: 1_000, requestBytesBeforeAck: 100 }));
    const holder = new Holder();
    expect(budget.take(holder, 100)).toBeUndefined();
    expect(budget.take(holder, 1)).toBe("connection");
    accept(budget, holder);
    expect(budget.take(holder, 900)).toBeUndefined();
    expect(budget.take(holder, 1)).toBe("connection");
    budget.give(holder, 500);
    expect(budget.take(holder, 500)).toBeUndefined();
    expect(holder.requestBytes).toBe(1_000);
  });

  it("bounds what the connections of an address take before they are accepted", () => {
    const budget = new RequestBudget(sessionLimits({ unacknowledgedBytesPerAddress: 10_000 }));
    const [first, second, other] = [new Holder(), new Holder(), new Holder("b")];
    expect(budget.take(first, free + 6_000)).toBeUndefined();
    expect(budget.take(second, free + 6_000)).toBe("server");
    expect(budget.take(other, free + 6_000)).toBeUndefined();
    accept(budget, first);
    expect(budget.take(second, free + 6_000)).toBeUndefined();
  });

  it("bounds what all take together, and before they are accepted a quarter of it", () => {
    const budget = new RequestBudget(sessionLimits({ requestBytesInAll: 40_000, requestBytes: 40_000 }));
    const [early, other, late] = [new Holder("a"), new Holder("b"), new Holder("c", true)];
    expect(budget.take(early, free + 10_000)).toBeUndefined();
    expect(budget.take(other, free + 1)).toBe("server");
    expect(budget.take(late, free + 30_000)).toBeUndefined();
    expect(budget.take(late, 1)).toBe("server");
    budget.give(early, 1);
    expect(budget.take(late, 1)).toBeUndefined();
  });

  it("has something for everybody, also when others have used up everything", () => {
    const budget = new RequestBudget(sessionLimits({ requestBytesInAll: 40_000 }));
    const greedy = new Holder("a", true);
    expect(budget.take(greedy, free + 40_000)).toBeUndefined();
    for (const holder of [new Holder("a"), new Holder("b", true)]) expect(budget.take(holder, free)).toBeUndefined();
  });

  it("is as before when all have given back what they took", () => {
    const budget = new RequestBudget(sessionLimits());
    const holders = Array.from({ length: 20 }, (_, index) => new Holder(String(index % 3)));
    for (const [index, holder] of holders.entries()) {
      for (let part = 0; part < 5; part += 1) budget.take(holder, (index + 1) * 1_000 + part);
      if (index % 2 === 0) accept(budget, holder);
      budget.take(holder, index);
    }
    for (const holder of holders) budget.give(holder, holder.requestBytes);
    expect(budget.inAll).toBe(0);
    const again = new Holder("0");
    expect(budget.take(again, 262_144)).toBeUndefined();
  });
});
