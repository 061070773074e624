import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../servers/postgres.ts";
import { GarageProcess } from "./garage-process.ts";
import { next, request, Subscriber } from "./subscriber.ts";
import { trigger } from "./trigger-process.ts";

let server: PostgresServer;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await PostgresServer.open();
  await server.psql("create role garage login");
  await server.psql("create database garage owner garage");
  environment = { DATABASE_URL: server.url({ database: "garage", user: "garage" }) };
});

afterAll(() => server[Symbol.asyncDispose]());

function psql(sql: string): Promise<string> {
  return server.psql(sql, { database: "garage" });
}

describe("With DATABASE_URL the garage", () => {
  it("has its data in that PostgreSQL, where it makes what is missing, and finds it again", async () => {
    {
      await using garage = await GarageProcess.open(environment);
      const url = await garage.url;
      expect(await request(url, "{ cars { id make } }")).toEqual({
        data: {
          cars: [
            { id: "1", make: "Skoda" },
            { id: "2", make: "Citroën" },
          ],
        },
      });
      await request(url, 'mutation { createCar(input: { make: "Saab", model: "96" }) { id } }');
      const { output, errors } = await garage.stop();
      expect(output).toContain("  Data     the database garage at 127.0.0.1\n");
      expect(errors).toBe("");
    }
    expect(await psql("select make from cars order by id")).toBe("Skoda\nCitroën\nSaab");
    await using garage = await GarageProcess.open(environment);
    expect(await request(await garage.url, '{ cars(make: "Saab") { id } }')).toEqual({ data: { cars: [{ id: "3" }] } });
  });

  it("tells what psql and npm run trigger write there, and what is said in its rooms", async () => {
    await using garage = await GarageProcess.open(environment);
    const url = await garage.url;
    await using subscriber = new Subscriber(url);
    const changed = await subscriber.subscribe("subscription { carChanged { action after { make } before { make } } }");
    const said = await subscriber.subscribe('subscription { messageAdded(room: "pit") { text author { username } } }');
    await psql("begin; insert into cars (make, model) values ('Tatra', '613'); rollback");
    await psql("insert into cars (make, model) values ('Tatra', '87')");
    expect(await next(changed)).toEqual({ carChanged: { action: "CREATED", before: null, after: { make: "Tatra" } } });
    await psql("delete from cars where make = 'Tatra'");
    expect(await next(changed)).toEqual({ carChanged: { action: "DELETED", before: { make: "Tatra" }, after: null } });
    expect(await trigger(environment)).toMatchObject({ code: 0, errors: "" });
    expect(await next(changed)).toMatchObject({ carChanged: { action: "UPDATED" } });
    await request(url, 'mutation { sendMessage(room: "pit", text: "a tyre, please") { id } }');
    expect(await next(said)).toEqual({ messageAdded: { text: "a tyre, please", author: { username: "guest" } } });
  });

  it("opens beside another one, and goes on when the other is killed", async () => {
    await using first = await GarageProcess.open(environment);
    await using second = await GarageProcess.open(environment);
    const url = await second.url;
    await using subscriber = new Subscriber(url);
    const created = await subscriber.subscribe("subscription { carCreated { make } }");
    await first.stop("SIGKILL");
    await psql("insert into cars (make, model) values ('Jawa', '750')");
    expect(await next(created)).toEqual({ carCreated: { make: "Jawa" } });
  });

  it("survives a restart of PostgreSQL", async () => {
    await using garage = await GarageProcess.open(environment);
    const url = await garage.url;
    await using subscriber = new Subscriber(url);
    const created = await subscriber.subscribe("subscription { carCreated { make } }");
    await server.restart();
    await psql("insert into cars (make, model) values ('Aero', '30')");
    expect(await next(created)).toEqual({ carCreated: { make: "Aero" } });
    expect(await request(url, '{ cars(make: "Aero") { model } }')).toEqual({ data: { cars: [{ model: "30" }] } });
  });

  it.each([
    [{ database: "nowhere" }, 'DATABASE_URL cannot be used: database "nowhere" does not exist\n'],
    [{ user: "nobody" }, 'DATABASE_URL cannot be used: role "nobody" does not exist\n'],
  ])("says in one line why %j cannot be used", async (login, why) => {
    await using garage = new GarageProcess({ DATABASE_URL: server.url(login) });
    expect(await garage.ending).toMatchObject({ code: 1, output: "", errors: why });
  });

  it("says in one line that there is no server, or what is no URL", async () => {
    for (const [url, why] of [
      ["postgres://127.0.0.1:1/garage", /^DATABASE_URL cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1\n$/],
      ["postgres://:x:y", /^DATABASE_URL cannot be used: Invalid URL\n$/],
    ] as const) {
      await using garage = new GarageProcess({ DATABASE_URL: url });
      expect(await garage.ending).toMatchObject({ code: 1, output: "", errors: expect.stringMatching(why) });
    }
  });
});
