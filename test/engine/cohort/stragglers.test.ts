import { describe, expect, it } from "vitest";
import { Stragglers } from "../../../src/engine/cohort/stragglers.ts";
import { turns } from "../../../src/testing/client.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import { NotedMember } from "../engine-stage.ts";

/** A member that takes something when the test says so. */
class SlowMember extends NotedMember {
  #taken = Promise.withResolvers<void>();
  #isBehind = true;

  override whenTaken(): Promise<void> | undefined {
    return this.#isBehind ? this.#taken.promise : undefined;
  }

  async take(catchesUp: boolean = false): Promise<void> {
    this.#isBehind = !catchesUp;
    const taken = this.#taken;
    this.#taken = Promise.withResolvers();
    taken.resolve();
    await turns(1);
  }
}

function stage() {
  const clock = fakeClock();
  let proceeded = 0;
  const stragglers = new Stragglers(clock, () => (proceeded += 1));
  return { clock, stragglers, proceeded: () => proceeded };
}

describe("Stragglers", () => {
  it("are waited for as long as they take something within 200 ms", async () => {
    const { clock, stragglers, proceeded } = stage();
    const member = new SlowMember();
    stragglers.add(member, true);
    for (let round = 0; round < 20; round += 1) {
      clock.advance(199);
      await member.take();
    }
    expect([stragglers.waits, proceeded()]).toEqual([true, 0]);
    await member.take(true);
    expect([stragglers.waits, proceeded(), clock.pending]).toEqual([false, 1, 0]);
  });

  it("are not waited for any more in this burst when they take nothing", async () => {
    const { clock, stragglers, proceeded } = stage();
    const member = new SlowMember();
    stragglers.add(member, true);
    clock.advance(200);
    await turns(1);
    expect([stragglers.waits, proceeded()]).toEqual([false, 1]);
    stragglers.add(member, true);
    expect(stragglers.waits).toBe(false);
    stragglers.reset();
    stragglers.add(member, true);
    expect(stragglers.waits).toBe(true);
  });

  it("keep others waiting for two seconds of a burst at most", async () => {
    const { clock, stragglers, proceeded } = stage();
    const member = new SlowMember();
    stragglers.add(member, false);
    for (let round = 0; round < 10; round += 1) {
      clock.advance(150);
      await member.take();
    }
    expect(stragglers.waits).toBe(true);
    for (let round = 0; round < 10; round += 1) {
      clock.advance(150);
      await member.take();
    }
    expect([stragglers.waits, proceeded()]).toEqual([false, 1]);
    stragglers.add(new SlowMember(), false);
    expect(stragglers.waits).toBe(false);
  });

  it("are forgotten when they leave, and the last one's leaving lets the burst go on", async () => {
    const { stragglers, proceeded } = stage();
    const [one, two] = [new SlowMember(), new SlowMember()];
    stragglers.add(one, false);
    stragglers.add(two, false);
    stragglers.delete(one);
    expect([stragglers.waits, proceeded()]).toEqual([true, 0]);
    stragglers.delete(two);
    expect([stragglers.waits, proceeded()]).toEqual([false, 1]);
  });
});
