import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFanfare, declare, silentLog } from "fanfare";
import { turns } from "fanfare/testing";
import type { CapturedRow } from "../../src/contract/captured.ts";
import { holds } from "../property-runs.ts";
import { arbitraryWhere, makes, years, type ArbitraryWhere, type PlainCar } from "./arbitrary-where.ts";
import { cars, change } from "./cars.ts";
import { schemaOf, type Viewing } from "./heard.ts";
import { ShownTable } from "./shown-table.ts";

const { model } = declare<Viewing>();

/** A change of a row: its new values, or null for its deletion; `rename` updates its primary key as well. */
interface Step {
  readonly id: string;
  readonly values: Omit<PlainCar, "id"> | null;
  readonly rename: string | undefined;
}

const id = fc.constantFrom("1", "2", "3");
const values = fc.record({
  make: fc.constantFrom(...makes),
  year: fc.option(fc.constantFrom(...years)),
  owner: fc.constantFrom("ada", "bob"),
});
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    id,
    values: fc.option(values, { freq: 4 }),
    rename: fc.option(id, { freq: 4, nil: undefined }),
  }),
  { minLength: 1, maxLength: 12 },
);

function captured({ id: key, make, year, owner }: PlainCar): CapturedRow {
  const rest = { model: "x", variant: null, updated_at: "2026-01-31T12:00:00+00:00" };
  return { id: key, make, year: year === null ? null : String(year), owner, ...rest };
}

/** The table, and the changes that are published of it. */
class Garage {
  readonly cars = new Map<string, PlainCar>();
  readonly shown = new ShownTable();
  readonly model = model(cars, {
    name: "Car",
    fields: ["id", "make", "year"],
    source: this.shown,
    visible: (row, { viewer }) => viewer === undefined || row.owner === viewer,
  });
  readonly open = model(cars, { name: "Car", fields: ["id", "make", "year"], source: this.shown });

  /** Executes a step, if possible, and returns the changes that a relay would publish. */
  changes({ id: from, values: next, rename }: Step) {
    const before = this.cars.get(from);
    const to = rename === undefined || this.cars.has(rename) || !before || !next ? from : rename;
    const after = next && { id: to, ...next };
    if (!before && !after) return [];
    this.#write(from, null);
    if (after) this.#write(to, after);
    this.shown.transaction += 1;
    const transaction = String(this.shown.transaction);
    const [was, is] = [before ? captured(before) : null, after ? captured(after) : null];
    if (from === to) return [change(was, is, { transaction })];
    return [change(was, null, { moved: true, transaction }), change(null, is, { moved: true, transaction })];
  }

  #write(key: string, car: PlainCar | null): void {
    this.cars.delete(key);
    this.shown.rows.delete(key);
    if (!car) return;
    this.cars.set(key, car);
    this.shown.rows.set(key, captured(car));
  }
}

/** A client's copy of the table, to which it applies each change. */
class Replica {
  readonly rows = new Map<string, unknown>();

  take(told: unknown): void {
    const { action, id: key, after } = Object(told);
    const isHeld = this.rows.has(key);
    if (isHeld !== (action === "UPDATED" || action === "DELETED")) throw new Error(`${key} cannot be ${action} now`);
    if (after === null) this.rows.delete(key);
    else this.rows.set(key, after);
  }
}

interface Scenario {
  readonly where: ArbitraryWhere;
  readonly earlier: readonly Step[];
  readonly later: readonly Step[];
  /** The client's viewer; undefined for the model without `visible`. */
  readonly viewer: string | undefined;
}

const query = `subscription($where: CarWhere) {
  carChanged(where: $where, initial: true) { action id after { id make year } }
}`;

async function follows({ where, earlier, later, viewer }: Scenario): Promise<void> {
  const garage = new Garage();
  for (const step of earlier) garage.changes(step);
  const followed = viewer === undefined ? garage.open : garage.model;
  await using fanfare = createFanfare<Viewing>({ schema: schemaOf(followed), log: silentLog });
  const replica = new Replica();
  const context = viewer === undefined ? {} : { viewer };
  const results = await fanfare.subscribe({ query, variables: { where: where.where }, context });
  const reading = (async () => {
    for await (const { data, errors } of results) {
      expect(errors).toBe(undefined);
      replica.take(Object.values(data ?? {})[0]);
    }
  })();
  const compare = async () => {
    await turns(4);
    const expected = [...garage.cars.values()].filter(
      (car) => where.meets(car) && (viewer === undefined || car.owner === viewer),
    );
    const rows = expected.map(({ id: key, make, year }) => [key, { id: key, make, year }] as const);
    expect(replica.rows).toEqual(new Map(rows));
  };
  await compare();
  for (const step of later) {
    for (const told of garage.changes(step)) await fanfare.publish(followed.topic, told);
    await compare();
  }
  await results.return?.();
  await reading;
}

describe("A client that applies the changes of `carChanged`", () => {
  const scenario: fc.Arbitrary<Scenario> = fc.record({
    where: arbitraryWhere,
    earlier: steps,
    later: steps,
    viewer: fc.option(fc.constantFrom("ada", "bob"), { nil: undefined }),
  });

  it("holds at each step the visible rows that meet its criteria, under any changes", async () => {
    expect(await holds(fc.asyncProperty(scenario, follows), 200)).toBeGreaterThanOrEqual(200);
  });
});
