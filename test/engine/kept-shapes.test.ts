import { setFlagsFromString } from "node:v8";
import { runInNewContext, runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Topic } from "../../src/declare/topic.ts";
import { Round } from "../../src/engine/cohort/round.ts";
import { ShortDelivery } from "../../src/engine/execution/delivery.ts";
import { Outbox } from "../../src/outbox/outbox.ts";

setFlagsFromString("--expose-gc");
setFlagsFromString("--allow-natives-syntax");

/** A function of a script, so that V8's own functions can be called. */
function script(source: string): (of: unknown) => unknown {
  const made: unknown = runInThisContext(source);
  if (typeof made !== "function") throw new Error(`"${source}" makes no function.`);
  return (of) => Reflect.apply(made, undefined, [of]);
}

const gc: unknown = runInNewContext("gc");
const collect = script("(gc) => { for (let time = 0; time < 3; time += 1) gc(); }");
/** The bit `kOptimized` of V8's status, which code that was marked to be thrown away does not have. */
const isOptimised = script("(code) => (%GetOptimizationStatus(code) & 16) !== 0");
const optimise = script(`({ read, make }) => {
  %PrepareFunctionForOptimization(read);
  for (let count = 0; count < 20; count += 1) read(make());
  %OptimizeFunctionOnNextCall(read);
  read(make());
}`);

/** Whether optimised code that reads instances is still there after a full collection that leaves none of them. */
function codeOutlivesInstances(make: () => object, key: string): boolean {
  const read: unknown = runInThisContext(`(instance) => instance.${key}`);
  optimise({ read, make });
  expect(isOptimised(read)).toBe(true);
  collect(gc);
  return isOptimised(read) === true;
}

describe("Optimised code of the fan-out outlives a full collection in which", () => {
  it("an event's round is not there", () => {
    expect(codeOutlivesInstances(() => new Round(), "isFull")).toBe(true);
  });

  it("a short result is not there", () => {
    expect(codeOutlivesInstances(() => new ShortDelivery(undefined, "{}"), "bytes")).toBe(true);
  });

  it("no session has an outbox", () => {
    expect(codeOutlivesInstances(() => new Outbox(), "messages")).toBe(true);
  });

  it("the topic of a publish is not there", () => {
    expect(codeOutlivesInstances(() => new Topic("news"), "name")).toBe(true);
  });

  it("no instance is there, unless its module has kept one", () => {
    class Short {
      readonly name = "news";
    }
    expect(codeOutlivesInstances(() => new Short(), "name")).toBe(false);
  });
});
