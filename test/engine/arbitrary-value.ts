import * as fc from "fast-check";
import { colors, type FieldPlan, type SchemaPlan, type TypePlan } from "./arbitrary-schema.ts";
import type { Draw } from "./draw.ts";
import type { ReadCount } from "./read-count.ts";

/** Deeper objects are left out; selections do not go that far. */
const maxDepth = 5;

/**
 * A value for a field.
 * @param oddity in how many of a hundred places something stands that does not belong there.
 * @param reads counts reads of a part of its objects, and runs of queries that stand for others. Default: it has no such.
 */
export function drawValue(draw: Draw, plan: SchemaPlan, field: FieldPlan, oddity: number, reads?: ReadCount): unknown {
  return valueOf({ draw, plan, oddity, reads }, field.type, field.type.wrappers.length, 0);
}

interface Scope {
  readonly draw: Draw;
  readonly plan: SchemaPlan;
  readonly oddity: number;
  readonly reads: ReadCount | undefined;
}

function valueOf(scope: Scope, type: TypePlan, wrapped: number, depth: number): unknown {
  const { draw } = scope;
  if (scope.oddity > 0 && draw.chance(scope.oddity)) {
    const odd = oddValue(draw);
    // A method gets the viewer's context, so it ends the sharing: everything is read again for each client.
    if (!scope.reads || typeof odd !== "function") return odd;
  }
  const wrapper = type.wrappers[wrapped - 1];
  if (wrapper === "nonNull") return presentValue(scope, type, wrapped - 1, depth);
  return draw.chance(15) ? draw.pick([null, undefined]) : presentValue(scope, type, wrapped, depth);
}

function presentValue(scope: Scope, type: TypePlan, wrapped: number, depth: number): unknown {
  if (type.wrappers[wrapped - 1] === "list") {
    return scope.draw.times(scope.draw.count(0, 2), () => valueOf(scope, type, wrapped - 1, depth));
  }
  const candidates = scope.plan.possible.get(type.name);
  if (!candidates) return leafValue(scope.draw, type.name);
  const name = scope.draw.pick(candidates);
  const value: Record<string, unknown> = scope.draw.chance(20) ? Object.create(null) : {};
  value["__typename"] = name;
  for (const field of scope.plan.fields.get(name) ?? []) {
    const isTooDeep = depth >= maxDepth && !leafTypes.has(field.type.name);
    if (!isTooDeep) value[field.name] = valueOf(scope, field.type, field.type.wrappers.length, depth + 1);
  }
  const { draw, reads } = scope;
  if (reads && draw.chance(50)) return reads.counted(value);
  if (reads && depth > 0 && draw.chance(30)) return reads.lazy(value);
  return draw.chance(15) ? Object.create(value) : value;
}

const text = () =>
  fc.oneof(
    fc.string(),
    fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
    fc.constantFrom("", '"', "\\", "\u2028", "\ud800", "a line\nand another", "x".repeat(50), `${"y".repeat(50)}"`),
  );

const leafTypes = new Map<string, () => fc.Arbitrary<unknown>>([
  ["Int", () => fc.oneof(fc.integer(), fc.constantFrom(0, -0, 2147483647, -2147483648, true, "12"))],
  [
    "Float",
    () => fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-0, 1e21, "1.5", false)),
  ],
  ["String", () => fc.oneof(text(), fc.constantFrom(5, true))],
  ["Boolean", () => fc.oneof(fc.boolean(), fc.constantFrom(0, 1))],
  ["ID", () => fc.oneof(text(), fc.integer())],
  ["Color", () => fc.constantFrom(...colors.values())],
  ["Blob", () => fc.jsonValue().filter((value) => value !== null)],
  ["Stamp", () => fc.date({ noInvalidDate: true })],
]);

function leafValue(draw: Draw, name: string): unknown {
  const arbitrary = leafTypes.get(name);
  if (!arbitrary) throw new TypeError(`Unknown leaf ${name}`);
  return draw.from(arbitrary);
}

function oddValue(draw: Draw): unknown {
  return draw.pick(oddities)();
}

/**
 * Made afresh each time. Rejections are heard, since nobody may ever await them. Whatever is iterated can be iterated
 * again: several executions may read one event.
 */
const oddities: readonly (() => unknown)[] = [
  () => null,
  () => undefined,
  () => new Error("A value that is an error"),
  () => Promise.resolve("soon"),
  () => rejected(),
  () => [Promise.resolve(1), rejected()],
  () => new Proxy({}, { get: (_, key) => (key === "then" ? thenable : undefined) }),
  () => () => "a method",
  () => (_args: unknown, context: unknown) => `for ${String(Reflect.get(Object(context), "viewer"))}`,
  () => async (_args: unknown, context: unknown) => `for ${String(Reflect.get(Object(context), "viewer"))}`,
  () => Object.assign(() => "called", { f0: 1, f1: "a property of a function" }),
  () => [() => "an element"],
  () => Symbol("symbol"),
  () => 5n,
  () => 10n ** 30n,
  () => Number.NaN,
  () => Number.POSITIVE_INFINITY,
  () => -0,
  () => "\udc00 before \ud800",
  () => 2 ** 40,
  () => "a string",
  () => 3.7,
  () => true,
  () => ({}),
  () => [],
  () => [null, undefined, [[]]],
  () => Object.assign([], { length: 2 }),
  () => new Set(["a", "b"]),
  () => new Map(),
  () => new Map([["f1", "of a map"]]),
  () => new Date(0),
  () => new Date(Number.NaN),
  () => ({ toJSON: (key: string) => `toJSON of ${key}` }),
  () => Object(5),
  () => Object("boxed"),
  () => ({ valueOf: () => "value of" }),
  () => new Uint8Array(2),
  () => ({ [Symbol.iterator]: generator }),
  () => ({ [Symbol.asyncIterator]: asyncGenerator }),
  () => Object.assign([1, 2], { [Symbol.iterator]: generator }),
  () => new Proxy({}, { get: () => "from a proxy" }),
  () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("A property that throws");
        },
      },
    ),
  () =>
    Object.defineProperty({}, "f1", {
      get: () => {
        throw new Error("A getter that throws");
      },
    }),
];

function rejected(): Promise<never> {
  const promise = Promise.reject(new Error("A value that is rejected"));
  promise.catch(() => undefined);
  return promise;
}

/** Answers with a promise, as `then` has to: of one that answers with nothing, graphql-js 16 makes nothing. */
function thenable(resolve: (value: unknown) => unknown): Promise<unknown> {
  return Promise.resolve("a thenable").then(resolve);
}

function* generator(): Generator<string> {
  yield "generated";
}

async function* asyncGenerator(): AsyncGenerator<string> {
  yield "generated";
}
