import { asyncProperty } from "fast-check";
import { describe, expect, it } from "vitest";
import { honestKinds, resolverKinds, type ResolverKind } from "../engine/arbitrary-resolver.ts";
import { holds } from "../property-runs.ts";
import { audiences } from "./arbitrary-audience.ts";
import { fieldKinds, sharedKinds } from "./arbitrary-event-field.ts";
import { Executions } from "./executions.ts";

const allKinds = Object.keys(resolverKinds).filter((kind): kind is ResolverKind => kind in resolverKinds);

describe("Whoever else listens, a client is sent what graphql-js would send it alone,", () => {
  it.each([
    {
      when: "whatever the schema, the field, the resolvers and the data",
      options: { resolvers: ["default", ...allKinds] as const, abstract: true, oddity: 4, kinds: fieldKinds },
      runs: 300,
      shared: 0.1,
    },
    {
      when: "whatever the data",
      options: { resolvers: ["default", ...honestKinds] as const, abstract: true, oddity: 6, kinds: sharedKinds },
      runs: 300,
      shared: 0.5,
    },
    {
      when: "whatever the resolvers",
      options: { resolvers: allKinds, abstract: false, oddity: 0, kinds: fieldKinds },
      runs: 300,
      shared: 0.1,
    },
  ])("$when", async ({ options, runs, shared }) => {
    using executions = new Executions();
    const property = asyncProperty(
      audiences({ ...options, events: 4, shareBy: true, unruly: true }),
      async (audience) => {
        expect(await audience.serve()).toEqual(await audience.alone());
      },
    );
    const done = await holds(property, runs);
    expect(executions.shared.length).toBeGreaterThan(shared * done);
  });
});

describe("Of an event nothing is read that graphql-js would not read for its clients, and nothing more often:", () => {
  it("no getter, and no query that runs when it is awaited", async () => {
    const options = {
      resolvers: ["default"] as const,
      // Types that are told by a function look at the viewer here, which ends the sharing.
      abstract: false,
      oddity: 4,
      kinds: sharedKinds,
      events: 4,
      shareBy: false,
      counted: true,
    };
    let served = 0;
    let alone = 0;
    const property = asyncProperty(audiences(options), async (audience) => {
      const sent = await audience.serve();
      const reads = audience.reads?.take() ?? new Map<string, number>();
      expect(sent).toEqual(await audience.alone());
      const allowed = audience.reads?.take() ?? new Map<string, number>();
      // What `visible` hides was executed before: it is asked when a result leaves. An event that passes the filters of
      // two topics is executed for each.
      if (audience.field.visible || audience.field.filtersByTopic) return;
      const tooMany = [...reads].filter(([what, count]) => count > (allowed.get(what) ?? 0));
      expect(tooMany).toEqual([]);
      served += countOf(reads);
      alone += countOf(allowed);
    });
    await holds(property, 300);
    expect(served).toBeGreaterThan(0);
    expect(served * 1.3).toBeLessThan(alone);
  });
});

function countOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

describe("An event is executed once for all who ask the same", () => {
  it("where every field is proven or declared to be shareable", async () => {
    const options = {
      resolvers: ["default", ...honestKinds] as const,
      abstract: false,
      oddity: 0,
      kinds: sharedKinds,
      events: 4,
      shareBy: false,
    };
    let least = 0;
    let deliveries = 0;
    const property = asyncProperty(audiences(options), async (audience) => {
      using executions = new Executions();
      expect(await audience.serve()).toEqual(await audience.alone());
      if (audience.field.match || audience.field.filtersByTopic) return;
      expect(executions.all).toHaveLength(audience.leastExecutions);
      least += executions.all.length;
      deliveries += executions.all.reduce((sum, { members }) => sum + members, 0);
    });
    await holds(property, 200);
    expect(least * 1.5).toBeLessThan(deliveries);
  });
});

describe("No execution is shared that turns out to look at the viewer", () => {
  it("as long as no field was declared to be what it is not", async () => {
    const options = {
      resolvers: ["default", ...honestKinds, "reader"] as const,
      abstract: true,
      oddity: 0,
      kinds: fieldKinds,
      events: 2,
      shareBy: true,
    };
    using executions = new Executions();
    const property = asyncProperty(audiences(options), async (audience) => {
      expect(await audience.serve()).toEqual(await audience.alone());
      expect(executions.all.filter(({ outcome }) => outcome === "private")).toEqual([]);
    });
    await holds(property, 150);
    expect(executions.shared.length).toBeGreaterThan(20);
  });
});
