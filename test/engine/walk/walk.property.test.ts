import { assert, asyncProperty } from "fast-check";
import { execute, getOperationAST, validate, type ExecutionResult } from "graphql";
import { describe, expect, it } from "vitest";
import { coerceVariables } from "../../../src/engine/document/variables.ts";
import { compileWalk, type Walk } from "../../../src/engine/walk/walk.ts";
import { plainKinds, resolverKinds, type ResolverKind } from "../arbitrary-resolver.ts";
import { scenarios, type Scenario, type ScenarioOptions } from "../arbitrary-scenario.ts";

const runs = 400;
const events = 3;

function walkOf(scenario: Scenario): Walk | undefined {
  const { document, plan, variables } = scenario;
  expect(validate(plan.schema, document)).toEqual([]);
  const operation = getOperationAST(document);
  if (!operation) throw new TypeError("No operation");
  const coerced = coerceVariables(plan.schema, operation, variables);
  return "errors" in coerced ? undefined : compileWalk(plan.schema, document, operation, coerced.values);
}

/** What graphql-js makes of it; undefined when that cannot be written as JSON. */
async function graphqlText(scenario: Scenario, event: unknown): Promise<string | undefined> {
  const result: ExecutionResult = await execute({
    schema: scenario.plan.schema,
    document: scenario.document,
    rootValue: { event },
    contextValue: { viewer: "ann" },
    variableValues: scenario.variables,
  });
  try {
    return JSON.stringify(result);
  } catch {
    return undefined;
  }
}

const allKinds = Object.keys(resolverKinds).filter((kind): kind is ResolverKind => kind in resolverKinds);

describe("a walk writes what graphql-js writes, or nothing,", () => {
  it.each<{ when: string; options: Omit<ScenarioOptions, "events">; atLeast: number }>([
    {
      when: "whatever the schema, the resolvers and the data",
      options: { resolvers: ["default", ...allKinds], abstract: true, oddity: 4 },
      atLeast: 0.3,
    },
    {
      when: "whatever the data",
      options: { resolvers: plainKinds, abstract: false, oddity: 3 },
      atLeast: 0.5,
    },
    {
      when: "whatever the resolvers",
      options: { resolvers: ["default", ...allKinds], abstract: false, oddity: 0 },
      atLeast: 0.4,
    },
  ])("$when", async ({ options, atLeast }) => {
    let answered = 0;
    const property = asyncProperty(scenarios({ ...options, events }), async (scenario) => {
      const walk = walkOf(scenario);
      for (const event of scenario.events) {
        const text = walk?.(event);
        if (text === undefined) continue;
        answered++;
        expect(text).toBe(await graphqlText(scenario, event));
      }
    });
    await assert(property, { numRuns: runs, endOnFailure: true });
    expect(answered / (runs * events)).toBeGreaterThan(atLeast);
  });
});

describe("a walk", () => {
  it("answers every event when resolvers are plain, types concrete and nothing odd is in the data", async () => {
    const tame = scenarios({ resolvers: plainKinds, abstract: false, oddity: 0, events });
    const property = asyncProperty(tame, async (scenario) => {
      const walk = walkOf(scenario);
      for (const event of scenario.events) {
        expect(walk?.(event)).toBe(await graphqlText(scenario, event));
      }
    });
    await assert(property, { numRuns: runs, endOnFailure: true });
  });
});
