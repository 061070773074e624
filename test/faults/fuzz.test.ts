import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { holds } from "../property-runs.ts";
import { arbitraryFrames } from "./arbitrary-frames.ts";
import { corpus } from "./corpus.ts";
import { graphqlSubscriptions } from "./models/graphql-subscriptions.ts";
import { graphqlTransportWs } from "./models/graphql-transport-ws.ts";
import { graphqlWs } from "./models/graphql-ws.ts";
import { objectionTo, starts } from "./one-sided.ts";
import { Scene } from "./scene.ts";

/** Connections that are fuzzed at the same time, of about twenty frames each. */
const together = 25;
/** About 100,000 frames for each dialect. */
const rounds = 210;
const mostGrowth = 16 * 1_048_576;

describe.each([graphqlTransportWs, graphqlWs, graphqlSubscriptions])("Whatever a client of $name sends", (dialect) => {
  let scene: Scene;

  beforeAll(async () => {
    // No client is thrown out for being slow, however busy the machine is.
    scene = await Scene.open({ limits: { initMilliseconds: 600_000, ackMilliseconds: 600_000 } });
  });

  afterAll(() => scene[Symbol.asyncDispose]());

  it.each(Object.entries(corpus(dialect)))("is answered by the protocol: %s", async (_name, frames) => {
    for (const start of starts) {
      const objection = await objectionTo(scene.port, dialect, { start, frames, cut: 0 });
      expect(objection && `${start}: ${objection}`).toBeUndefined();
    }
    await scene.cleared();
  });

  it("is answered by the protocol, and nobody else notices: anything", async () => {
    const life = fc.record({
      start: fc.constantFrom(...starts, "ready", "ready", "ready", "ready"),
      frames: arbitraryFrames(dialect),
      cut: fc.nat(2_000),
    });
    const property = fc.asyncProperty(
      fc.array(life, { minLength: together, maxLength: together, size: "max" }),
      async (lives) => {
        const [objections] = await Promise.all([
          Promise.all(lives.map((each) => objectionTo(scene.port, dialect, each))),
          scene.server.ask("publish", "lobby", 5, 1),
        ]);
        expect(objections.filter((objection) => objection !== undefined)).toEqual([]);
      },
    );
    const before = await scene.server.ask("memory");
    await holds(property, rounds);
    await scene.serves();
    await scene.cleared();
    expect((await scene.server.ask("memory")) - before).toBeLessThan(mostGrowth);
  }, 1_800_000);
});
