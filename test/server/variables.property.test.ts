import { inspect, isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import {
  GraphQLEnumType,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLList,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  getArgumentValues,
  getVariableValues,
  Kind,
  parse,
  type GraphQLFieldConfigArgumentMap,
} from "graphql";
import { expect, it } from "vitest";
import { createFanfare, silentLog, subscription } from "fanfare";
import { turns, type TestClient } from "fanfare/testing";
import { holds } from "../property-runs.ts";
import { connected } from "./connected.ts";
import { Executions } from "./executions.ts";

class Money {
  readonly amount: unknown;

  constructor(amount: unknown) {
    this.amount = amount;
  }
}

const Color = new GraphQLEnumType({
  name: "Color",
  values: {
    ZERO: { value: 0 },
    MINUS: { value: -0 },
    TEXT: { value: "0" },
    BIG: { value: 0n },
    MAP: { value: { a: 0 } },
  },
});
/** Gives whatever the client sent. */
const Anything = new GraphQLScalarType({ name: "Anything" });
/** Gives values that JSON does not have. */
const Rich = new GraphQLScalarType({
  name: "Rich",
  parseValue: (value) => {
    if (typeof value === "number") return BigInt(Math.trunc(value));
    if (typeof value === "string") return new Date(value.length);
    return Array.isArray(value) ? new Money(value.length) : Number.NaN;
  },
});
const In: GraphQLInputObjectType = new GraphQLInputObjectType({
  name: "In",
  fields: () => ({
    id: { type: GraphQLID },
    n: { type: GraphQLInt, defaultValue: 1 },
    list: { type: new GraphQLList(GraphQLInt) },
    color: { type: Color, defaultValue: 0 },
    any: { type: Anything },
    in: { type: In },
  }),
});

const args: GraphQLFieldConfigArgumentMap = {
  id: { type: GraphQLID },
  f: { type: GraphQLFloat },
  s: { type: GraphQLString },
  list: { type: new GraphQLList(new GraphQLList(GraphQLInt)) },
  color: { type: Color },
  any: { type: Anything },
  rich: { type: Rich },
  in: { type: In },
};
const query = `subscription S(
    $id: ID, $f: Float = 1.0, $s: String = "", $list: [[Int]], $color: Color = ZERO, $any: Anything, $rich: Rich, $in: In
  ) { asked(id: $id, f: $f, s: $s, list: $list, color: $color, any: $any, rich: $rich, in: $in) }`;

/** What may be sent for each variable, as it stands in a message; what is easily confused stands side by side. */
const texts: Readonly<Record<string, readonly string[]>> = {
  id: ["1", '"1"', '"1.0"', "-0", "0", "null"],
  f: ["1", "1.0", "1e0", "10e-1", "-0", "0", "0.0", "null", "1.0000000000000002"],
  s: ['""', '"1"', '"\\u0031"', '"null"', "null", '"\\ud800"', '"\\udfff"', '"\\\\ud800"', '"e\\u0301"', '"\\u00e9"'],
  list: ["1", "[1]", "[[1]]", "[1, null]", "[[1], null]", "[]", "[[]]", "[null]", "null", "[1, 1]", "[[1, 1]]"],
  color: ['"ZERO"', '"MINUS"', '"TEXT"', '"BIG"', '"MAP"', "null"],
  any: [
    "1", "1.0", '"1"', "-0", "0", "true", "null", "[]", "{}", "[null]", '{"a":1,"b":2}', '{"b":2,"a":1}', '{"a":1}', '{"a":"1"}',
    '{"a":{"b":1}}', '{"a":{},"b":1}', '"{}"', "[1]", '["1"]', '[[1],[2]]', '[[1,2]]', '{"length":0}', '{"constructor":1}',
    "1e21", "1000000000000000000000", "1e400",
  ], // prettier-ignore
  rich: ["0", "-0", "1", '"a"', '"b"', '"ab"', "true", "[]", "null"],
  in: [
    "{}", '{"n":1}', '{"n":1.0}', '{"n":null}', "null", '{"id":1}', '{"id":"1"}', '{"list":1}', '{"list":[1]}', '{"list":null}',
    '{"color":"ZERO"}', '{"color":"MINUS"}', '{"any":-0}', '{"any":0}', '{"any":null}', '{"in":{}}', '{"in":{"n":1}}', '{"in":null}',
    '{"id":"1","list":[1]}', '{"list":[1],"id":1}',
  ], // prettier-ignore
};

const side = (chosen: readonly string[][][], index: number) =>
  `{${chosen.flatMap((both) => both[index] ?? []).join()}}`;

/** Two texts of variables, with some left out. They agree in most, or mean the same by what they do not agree in. */
function pairs(): fc.Arbitrary<readonly [string, string]> {
  const members = Object.entries(texts).map(([name, values]) => {
    const value = fc.option(fc.constantFrom(...values), { freq: 3, nil: undefined });
    const pair = fc.oneof(
      { weight: 16, arbitrary: value.map((each) => [each, each] as const) },
      { weight: 2, arbitrary: fc.nat(values.length - 2).map((at) => [values[at], values[at + 1]] as const) },
      { weight: 1, arbitrary: fc.tuple(value, value) },
    );
    return pair.map((both) => both.map((each) => (each === undefined ? [] : [`"${name}":${each}`])));
  });
  return fc.tuple(...members).map((chosen) => [side(chosen, 0), side(chosen, 1)] as const);
}

const asked = {
  type: GraphQLString,
  args,
  ...subscription({ topics: () => ["asked"], resolve: (_event: string, given: object) => textOf(given) }),
};
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { hi: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({ name: "Subscription", fields: { asked } }),
});

function textOf(given: object): string {
  return inspect(given, { depth: 20, sorted: true });
}

/** Variables and arguments as graphql-js understands them. */
function understood(text: string): { readonly variables: unknown; readonly args: string } {
  const [operation] = parse(query).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new TypeError("No operation");
  const [node] = operation.selectionSet.selections;
  const field = schema.getSubscriptionType()?.getFields()["asked"];
  const values = getVariableValues(schema, operation.variableDefinitions ?? [], JSON.parse(text));
  if (!values.variableValues || !field || node?.kind !== Kind.FIELD) throw new TypeError(`Wrong variables ${text}`);
  const { coerced } = values.variableValues;
  return { variables: coerced, args: textOf(getArgumentValues(field, node, values.variableValues)) };
}

/** As text, since a number such as -0 would not survive being written by JSON.stringify. */
async function subscribe(client: TestClient, text: string): Promise<void> {
  client.sendRaw(`{"type":"subscribe","id":"1","payload":{"query":${JSON.stringify(query)},"variables":${text}}}`);
  await turns(8);
}

it("Two clients share a result only if their coerced variables are equal, and then they do", async () => {
  let equals = 0;
  const property = fc.asyncProperty(pairs(), async (both) => {
    const [left, right] = both.map(understood);
    using executions = new Executions();
    await using fanfare = createFanfare({ schema, log: silentLog });
    const clients = [await connected(fanfare), await connected(fanfare)];
    for (const [index, client] of clients.entries()) await subscribe(client, both[index] ?? "");
    await fanfare.publish("asked", "now");
    expect(await clients[0]?.receiveNext("1")).toEqual({ data: { asked: left?.args } });
    expect(await clients[1]?.receiveNext("1")).toEqual({ data: { asked: right?.args } });

    const equal = isDeepStrictEqual(left?.variables, right?.variables);
    // What cannot be compared is never shared.
    const comparable = !left?.args.includes("Money");
    if (equal && comparable) equals += 1;
    expect(executions.all).toHaveLength(equal && comparable ? 1 : 2);
  });
  const runs = await holds(property, 500);
  expect(equals / runs).toBeGreaterThan(0.2);
  expect(equals / runs).toBeLessThan(0.8);
});
