import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GarageProcess } from "./garage-process.ts";
import { next, request, Subscriber } from "./subscriber.ts";

const car = "id make model variant year updatedAt";
const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let garage: GarageProcess;
let url: string;

beforeAll(async () => {
  garage = await GarageProcess.open();
  url = await garage.url;
});

afterAll(() => garage[Symbol.asyncDispose]());

/** Makes a car. Resolves when it was told, and so all that was written before: subscriptions are quicker than the relay. */
async function create(input: object): Promise<string> {
  await using subscriber = new Subscriber(url);
  const told = await subscriber.subscribe("subscription { carCreated { id } }");
  const { data } = await request(url, "mutation ($input: CarInput!) { createCar(input: $input) { id } }", { input });
  const id = idOf(data?.["createCar"]);
  const event = JSON.stringify({ carCreated: { id } });
  while (JSON.stringify(await next(told)) !== event);
  return id;
}

function idOf(created: unknown): string {
  if (typeof created === "object" && created !== null && "id" in created) return String(created.id);
  throw new TypeError("No car was created");
}

async function update(id: string, input: object): Promise<unknown> {
  const text = `mutation ($id: ID!, $input: CarPatch!) { updateCar(id: $id, input: $input) { ${car} } }`;
  const { data, errors } = await request(url, text, { id, input });
  return errors?.[0] ?? data?.["updateCar"];
}

describe("The garage's cars", () => {
  it("are two from the start", async () => {
    expect(await request(url, `{ cars(first: 2) { ${car} } }`)).toEqual({
      data: {
        cars: [
          { id: "1", make: "Skoda", model: "Octavia", variant: "Combi", year: 2021, updatedAt: moment },
          { id: "2", make: "Citroën", model: "DS", variant: "Pallas", year: 1972, updatedAt: moment },
        ],
      },
    });
  });

  it("are found by id, by make, and page by page", async () => {
    const query = `{
      one: car(id: 2) { make }
      none: car(id: 2000000) { make }
      nonsense: car(id: "'; drop table cars") { make }
      make: cars(make: "Skoda") { id }
      page: cars(first: 1, after: 1) { id }
    }`;
    expect(await request(url, query)).toEqual({
      data: {
        one: { make: "Citroën" },
        none: null,
        nonsense: null,
        make: [{ id: "1" }],
        page: [{ id: "2" }],
      },
    });
  });

  it.each([
    ["{ cars(first: 0) { id } }", "first must be a number from 1 to 1000, not 0"],
    ["{ cars(first: 1001) { id } }", "first must be a number from 1 to 1000, not 1001"],
    ['{ cars(after: "x") { id } }', "after must be the id of a car"],
    ['mutation { createCar(input: { make: " ", model: "T" }) { id } }', "make must not be empty"],
    [
      `mutation { createCar(input: { make: "Ford", model: "${"T".repeat(201)}" }) { id } }`,
      "model must not have more than 200 characters",
    ],
    [
      'mutation { createCar(input: { make: "F\\u0000rd", model: "T" }) { id } }',
      "make must not contain the character U+0000",
    ],
    ["mutation { updateCar(id: 1, input: { make: null }) { id } }", "A car must have a make and a model"],
    ["mutation { updateCar(id: 1, input: {}) { id } }", "input must have at least one value to change"],
  ])("answer %s with what is wrong", async (query, message) => {
    const { errors } = await request(url, query);
    expect(errors).toEqual([expect.objectContaining({ message, extensions: { code: "BAD_USER_INPUT" } })]);
  });

  it("say so when there is no such car", async () => {
    const missing = { message: 'There is no car "0"', extensions: { code: "NOT_FOUND" } };
    expect(await update("0", { year: 1 })).toMatchObject(missing);
    expect((await request(url, "mutation { deleteCar(id: 0) }")).errors).toMatchObject([missing]);
  });

  it("keep what an update leaves out, and give up what it sets to null", async () => {
    const id = await create({ make: "Trabant", model: "601", variant: "S", year: 1964 });
    expect(await update(id, { variant: null })).toMatchObject({ model: "601", variant: null, year: 1964 });
  });
});

describe("What happens to a car", () => {
  beforeEach(async () => void (await create({ make: "Tatra", model: "603" })));

  it("reaches every subscription that asked for it, in its order", async () => {
    await using subscriber = new Subscriber(url);
    const created = await subscriber.subscribe("subscription { carCreated { make } }");
    const updated = await subscriber.subscribe("subscription { carUpdated { year } }");
    const deleted = await subscriber.subscribe("subscription { carDeleted { id make year } }");
    const changed = await subscriber.subscribe("subscription { carChanged { action id } }");

    const id = await create({ make: "Saab", model: "96" });
    await update(id, { year: 1967 });
    expect(await request(url, "mutation ($id: ID!) { deleteCar(id: $id) }", { id })).toEqual({
      data: { deleteCar: id },
    });

    expect(await next(created)).toEqual({ carCreated: { make: "Saab" } });
    expect(await next(updated)).toEqual({ carUpdated: { year: 1967 } });
    expect(await next(deleted)).toEqual({ carDeleted: { id, make: "Saab", year: 1967 } });
    expect(await next(changed)).toEqual({ carChanged: { action: "CREATED", id } });
    expect(await next(changed)).toEqual({ carChanged: { action: "UPDATED", id } });
    expect(await next(changed)).toEqual({ carChanged: { action: "DELETED", id } });
  });

  it("is told with before, after, and what is different", async () => {
    const id = await create({ make: "Volvo", model: "Amazon", year: 1966 });
    await using subscriber = new Subscriber(url);
    const changed = await subscriber.subscribe(
      "subscription { carChanged { action before { year } after { year updatedAt } changed moved at } }",
    );
    await update(id, { year: 1967, model: "Amazon" });
    const event = await next(changed);
    expect(event).toEqual({
      carChanged: {
        action: "UPDATED",
        before: { year: 1966 },
        after: { year: 1967, updatedAt: moment },
        changed: ["year", "updatedAt"],
        moved: false,
        at: moment,
      },
    });
  });

  it("stays away from who asked for another car, or for another action", async () => {
    const [mine, other] = [
      await create({ make: "Fiat", model: "500" }),
      await create({ make: "Fiat", model: "Panda" }),
    ];
    await using subscriber = new Subscriber(url);
    const updates = await subscriber.subscribe(`subscription { carUpdated(id: ${mine}) { id year } }`);
    const changes = await subscriber.subscribe(
      `subscription { carChanged(id: ${mine}, actions: [DELETED]) { action id } }`,
    );
    await update(other, { year: 1980 });
    await update(mine, { year: 1957 });
    await request(url, "mutation ($id: ID!) { deleteCar(id: $id) }", { id: other });
    await request(url, "mutation ($id: ID!) { deleteCar(id: $id) }", { id: mine });
    expect(await next(updates)).toEqual({ carUpdated: { id: mine, year: 1957 } });
    expect(await next(changes)).toEqual({ carChanged: { action: "DELETED", id: mine } });
  });

  it("is not told when it did not happen", async () => {
    await using subscriber = new Subscriber(url);
    const changed = await subscriber.subscribe("subscription { carChanged { id } }");
    await update("0", { year: 1 });
    await request(url, "mutation { deleteCar(id: 0) }");
    const id = await create({ make: "Lada", model: "Niva" });
    expect(await next(changed)).toEqual({ carChanged: { id } });
  });
});
