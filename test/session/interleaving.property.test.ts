import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  graphqlSubscriptions as subscriptionsDialect,
  graphqlTransportWs as transportDialect,
  graphqlWs as legacyDialect,
} from "fanfare/dialects";
import type { Dialect } from "fanfare/contract";
import { graphqlSubscriptions } from "../faults/models/graphql-subscriptions.ts";
import { graphqlTransportWs } from "../faults/models/graphql-transport-ws.ts";
import { graphqlWs } from "../faults/models/graphql-ws.ts";
import type { DialectModel } from "../faults/models/dialect-model.ts";
import { holds } from "../property-runs.ts";
import type { ClientStep } from "./interleaving-client.ts";
import { Interleaving, type WorldStep } from "./interleaving.ts";

/** For each dialect. A hundred thousand are `FANFARE_RUNS=100`. */
const interleavings = 1_000;

const topic = fc.constantFrom("news", "sport");

const clientStep: fc.Arbitrary<ClientStep> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      what: fc.constant("start"),
      id: fc.constantFrom("a", "b", "c"),
      field: fc.constantFrom("hi", "held", "shared", "shared", "slow", "slow", "own", "own", "first"),
      topic,
      refused: fc.constantFrom(false, false, false, false, true),
    }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant("stop"), id: fc.constantFrom("a", "b", "c") }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom("block", "read") }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom("vanish", "leave", "kick", "init") }) },
);

const clientSteps = fc
  .tuple(
    // Most begin as they should.
    fc.constantFrom<ClientStep[][]>(
      [{ what: "init" }],
      [{ what: "init" }],
      [{ what: "init" }],
      [{ what: "refused init" }],
      [],
    ),
    fc.array(clientStep, { maxLength: 14, size: "max" }),
  )
  .map(([beginning, rest]) => [...beginning, ...rest]);

const worldStep: fc.Arbitrary<WorldStep> = fc.record({
  what: fc.oneof(
    { weight: 40, arbitrary: fc.constant("publish") },
    { weight: 8, arbitrary: fc.constant("end") },
    { weight: 1, arbitrary: fc.constant("drain") },
  ),
  topic,
});

const dialects: readonly { readonly name: string; readonly dialect: Dialect; readonly model: DialectModel }[] = [
  { name: "graphql-transport-ws", dialect: transportDialect(), model: graphqlTransportWs },
  { name: "graphql-ws", dialect: legacyDialect(), model: graphqlWs },
  { name: "graphql-subscriptions", dialect: subscriptionsDialect(), model: graphqlSubscriptions },
];

describe.each(dialects)("In $name", ({ dialect, model }) => {
  it("whatever happens in whatever order, each operation gets what it is owed, nothing after its end, and leaves nothing behind", async () => {
    const property = fc.asyncProperty(
      fc.array(clientSteps, { minLength: 1, maxLength: 2, size: "max" }),
      fc.array(worldStep, { maxLength: 10, size: "max" }),
      fc.scheduler(),
      async (scripts, world, scheduler) => {
        using interleaving = new Interleaving(scheduler, dialect, model);
        for (const script of scripts) interleaving.addClient(script);
        interleaving.addWorld(world);
        await interleaving.play();
        expect(interleaving.objections).toEqual([]);
        expect(interleaving.left).toEqual({ sessions: 0, topics: 0, cohorts: 0, deadlines: 0, pending: 0 });
      },
    );
    await holds(property, interleavings);
  }, 3_600_000);
});
