import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { connect as connectTo } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { doorFile } from "../../examples/garage/door-file.ts";
import { GarageProcess } from "./garage-process.ts";
import { next, request, Subscriber } from "./subscriber.ts";
import { trigger } from "./trigger-process.ts";

const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let garage: GarageProcess;
let url: string;
let port: string;

beforeAll(async () => {
  garage = await GarageProcess.open();
  url = await garage.url;
  port = new URL(url).port;
});

afterAll(() => garage[Symbol.asyncDispose]());

/** A connection to the embedded database, as any program of this machine gets it. */
async function connect(): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: (await readFile(doorFile(Number(port)), "utf8")).trim() });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** Each with a statement of its own: the session has one place for a statement without a name. */
async function ask(client: Client, name: string): Promise<unknown> {
  const answers: unknown[] = [];
  for (let count = 0; count < 50; count += 1) {
    const { rows } = await client.query(`select $1::int as ${name}`, [count]);
    answers.push(rows[0][name]);
  }
  return answers;
}

async function askGarage(): Promise<unknown> {
  const answers: unknown[] = [];
  for (let count = 0; count < 50; count += 1) {
    const { data } = await request(url, "{ car(id: 2) { id } }");
    answers.push(data && JSON.stringify(data));
  }
  return new Set(answers);
}

describe("npm run trigger", () => {
  it("changes car 1 from another process, straight in the database, and subscribers are told (S5-17)", async () => {
    await using subscriber = new Subscriber(url);
    const changed = await subscriber.subscribe(
      "subscription { carChanged(id: 1) { action before { make model } after { make model } changed moved at } }",
    );
    const pk = await subscriber.subscribe("subscription { carModelUpdated(pk: 1) { id make } }");
    const makes = new Set<unknown>();
    for (let make: unknown = "Skoda", last: unknown; makes.size < 2; last = make) {
      const { code, output, errors } = await trigger({ PORT: port });
      expect([code, errors]).toEqual([0, ""]);
      make = /^Car 1 is a (\S+) Octavia now\n$/.exec(output)?.[1];
      expect(["Skoda", "Saab", "Citroën"]).toContain(make);
      expect(await next(changed)).toEqual({
        carChanged: {
          action: "UPDATED",
          before: { make: last ?? "Skoda", model: "Octavia" },
          after: { make, model: "Octavia" },
          changed: make === (last ?? "Skoda") ? ["updatedAt"] : ["make", "updatedAt"],
          moved: false,
          at: moment,
        },
      });
      expect(await next(pk)).toEqual({ carModelUpdated: { id: "1", make } });
      makes.add(make);
    }
  });

  it("says when there is no garage, and when there is none any more", async () => {
    const { code, output, errors } = await trigger({ PORT: "1" });
    expect([code, output]).toEqual([1, ""]);
    expect(errors).toMatch(
      /^No garage is open at port 1 with a database of its own\. Start it with npm start, or .*\n$/,
    );

    await using killed = await GarageProcess.open();
    const own = new URL(await killed.url).port;
    await killed.stop("SIGKILL");
    const late = await trigger({ PORT: own });
    expect(late.code).toBe(1);
    expect(late.errors).toMatch(
      /^The database cannot be reached: .*ECONNREFUSED.*\. Is the garage running\? Try npm start\n$/,
    );
  });

  it("says when car 1 is gone", async () => {
    await using other = await GarageProcess.open();
    await request(await other.url, "mutation { deleteCar(id: 1) }");
    const { code, errors } = await trigger({ PORT: new URL(await other.url).port });
    expect([code, errors]).toEqual([
      1,
      "There is no car 1 any more; add it again, or remove the data and start anew\n",
    ]);
  });
});

describe("The embedded database", () => {
  it("is for this machine, and only whoever runs the garage is told where it is", async () => {
    const file = doorFile(Number(port));
    expect(await readFile(file, "utf8")).toMatch(/^postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres\n$/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("tells nobody what another program has not committed, and mixes nothing into its transaction", async () => {
    await using subscriber = new Subscriber(url);
    const created = await subscriber.subscribe("subscription { carCreated { make } }");
    await using client = await connect();
    await client.query("begin");
    await client.query("insert into cars (make, model) values ('Lloyd', '600')");
    const meanwhile = request(url, 'mutation { createCar(input: { make: "Isetta", model: "300" }) { make } }');
    // Each answer leaves the garage time for something else.
    for (let count = 0; count < 100; count += 1) await client.query("select pg_sleep(0.002)");
    await client.query("rollback");
    expect(await meanwhile).toEqual({ data: { createCar: { make: "Isetta" } } });
    await client.query("begin; insert into cars (make, model) values ('Goggomobil', 'TS 250'); commit");
    expect(await next(created)).toEqual({ carCreated: { make: "Isetta" } });
    expect(await next(created)).toEqual({ carCreated: { make: "Goggomobil" } });
    expect(await request(url, '{ cars(make: "Isetta") { model } }')).toEqual({ data: { cars: [{ model: "300" }] } });
  });

  it("answers several programs at once, each its own question", async () => {
    await using first = await connect();
    await using second = await connect();
    const numbers = Array.from({ length: 50 }, (_, count) => count);
    const asked = await Promise.all([ask(first, "one"), ask(second, "two"), askGarage()]);
    expect(asked).toEqual([numbers, numbers, new Set(['{"car":{"id":"2"}}'])]);
  });

  it("goes on when a program dies in the middle of a question", async () => {
    const { hostname, port: own } = new URL(await readFile(doorFile(Number(port)), "utf8"));
    const socket = connectTo(Number(own), hostname);
    await once(socket, "connect");
    // The Parse of a statement that does not work, without a Sync: nothing else is heard of before that comes.
    socket.write("\0\0\0\x17\0\x03\0\0user\0postgres\0\0P\0\0\0\x10\0nonsense\0\0\0");
    for (let answer = ""; !answer.includes("nonsense");) answer += String(await once(socket, "data"));
    socket.destroy();
    expect(await request(url, "{ car(id: 2) { id } }")).toEqual({ data: { car: { id: "2" } } });
    expect(await trigger({ PORT: port })).toMatchObject({ code: 0 });
  });

  it("goes on when a program dies in its transaction", async () => {
    const client = await connect();
    client.on("error", () => undefined);
    await client.query("begin");
    await client.query("delete from cars where id = 2");
    await client[Symbol.asyncDispose]();
    expect(await request(url, "{ car(id: 2) { id } }")).toEqual({ data: { car: { id: "2" } } });
  });

  it("closes with the garage, whatever a program is in the middle of", async () => {
    await using other = await GarageProcess.open();
    const file = doorFile(Number(new URL(await other.url).port));
    const client = new Client({ connectionString: (await readFile(file, "utf8")).trim() });
    client.on("error", () => undefined);
    await client.connect();
    await client.query("begin");
    expect(await other.stop()).toMatchObject({ code: 0, errors: "" });
    await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
