import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { GarageProcess, temporaryFolder } from "./garage-process.ts";
import { request, Subscriber } from "./subscriber.ts";

/** A folder whose database is there already, which saves each garage two seconds. */
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder[Symbol.asyncDispose]());

function open(): Promise<GarageProcess> {
  return GarageProcess.open({ DATA_DIR: folder.path });
}

describe("The garage", () => {
  it("tells where to look, and what becomes of the data", async () => {
    await using garage = await open();
    const url = await garage.url;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(url)).headers.get("content-type")).toBe("text/html; charset=utf-8");
    const { output, errors } = await garage.stop();
    expect(output.split("\n")).toEqual([
      `The garage is open: ${url}`,
      `  GraphQL  ${url}/graphql, by HTTP and by WebSocket`,
      `  Data     ${folder.path}`,
      "  Ctrl+C   closes it",
      "Closing",
      "",
    ]);
    expect(errors).toBe("");
  });

  it.each(["SIGTERM", "SIGINT"] as const)("ends when it gets %s, and its clients may come back", async (signal) => {
    await using garage = await open();
    const url = await garage.url;
    await using subscriber = new Subscriber(url);
    const events = await subscriber.subscribe("subscription { carCreated { id } }");
    // Browsers open connections that they may need later.
    const silent = connect(Number(new URL(url).port), "127.0.0.1");
    await once(silent, "connect");
    const rest = events.next().catch((error: unknown) => error);
    expect(await garage.stop(signal)).toMatchObject({ code: 0, signal: null, errors: "" });
    expect(await subscriber.closed).toBe(1012);
    expect(await rest).toMatchObject({ code: 1012 });
    silent.destroy();
  });

  it("ends at once at the second Ctrl+C, whoever keeps it waiting", async () => {
    await using garage = await open();
    const url = await garage.url;
    const deaf = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
    await once(deaf, "open");
    // It will not read that it is asked to close, and so not answer.
    deaf.pause();
    while (!garage.ended) {
      garage.signal("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await garage.ending).toMatchObject({ code: 130 });
    deaf.terminate();
  });

  it("finds its data again, whether it was asked to end or killed", async () => {
    await using own = await temporaryFolder();
    const environment = { DATA_DIR: join(own.path, "made", "on", "the", "way") };
    const cars = "{ cars { id make year } }";
    {
      await using garage = await GarageProcess.open(environment);
      const url = await garage.url;
      await request(url, 'mutation { createCar(input: { make: "Saab", model: "96", year: 1967 }) { id } }');
      await request(url, "mutation { deleteCar(id: 1) }");
      await garage.stop("SIGTERM");
      expect(await readdir(environment.DATA_DIR)).toEqual(["postgres"]);
    }
    const expected = { data: { cars: [{ id: "2", make: "Citroën", year: 1972 }] } };
    expected.data.cars.push({ id: "3", make: "Saab", year: 1967 });
    {
      await using garage = await GarageProcess.open(environment);
      expect(await request(await garage.url, cars)).toEqual(expected);
      await request(await garage.url, "mutation { updateCar(id: 3, input: { year: 1968 }) { id } }");
      await garage.stop("SIGKILL");
    }
    expected.data.cars.splice(1, 1, { id: "3", make: "Saab", year: 1968 });
    await using garage = await GarageProcess.open(environment);
    expect(await request(await garage.url, cars)).toEqual(expected);
  });
});

/** The one line that a garage writes which cannot open. */
async function whyNot(environment: Readonly<Record<string, string>>): Promise<string> {
  await using garage = new GarageProcess(environment);
  const { code, output, errors } = await garage.ending;
  expect([code, output]).toEqual([1, ""]);
  expect(errors.trimEnd().split("\n")).toHaveLength(1);
  return errors;
}

describe("A garage that cannot open says why in one line, and ends with 1", () => {
  it("when PORT is not a number", async () => {
    const why = 'PORT is "four thousand"; it must be a number from 1 to 65535, or 0 for any free port.\n';
    expect(await whyNot({ PORT: "four thousand" })).toBe(why);
  });

  it("when the port is in use", async () => {
    await using taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address ? address.port : 0;
    expect(await whyNot({ PORT: String(port), DATA_DIR: folder.path })).toMatch(
      new RegExp(`^Port ${port} of 127\\.0\\.0\\.1 is in use\\. .* PORT=\\d+ npm start$`, "m"),
    );
  });

  it("when HOST is no address of this machine", async () => {
    const why = await whyNot({ HOST: "192.0.2.1", DATA_DIR: folder.path });
    expect(why).toMatch(/^HOST is "192\.0\.2\.1", which is no address of this machine\./);
  });

  it("when another garage uses the folder, which goes on undisturbed", async () => {
    await using garage = await open();
    expect(await whyNot({ DATA_DIR: folder.path })).toMatch(
      new RegExp(`^The folder .* is in use by process ${garage.pid}\\. `),
    );
    expect(await request(await garage.url, "{ hi }")).toEqual({ data: { hi: "Hi!" } });
  });

  it("when the folder is a file", async () => {
    await using own = await temporaryFolder();
    await mkdir(join(own.path, "folder"));
    await writeFile(join(own.path, "file"), "");
    expect(await whyNot({ DATA_DIR: join(own.path, "file") })).toMatch(/^DATA_DIR cannot be used: EEXIST/);
    expect(await whyNot({ DATA_DIR: join(own.path, "file", "below") })).toMatch(/^DATA_DIR cannot be used: ENOTDIR/);
  });
});
