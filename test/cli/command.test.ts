import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { read } from "../source-file.ts";
import { fanfare } from "./command-line.ts";

const { version, bin } = JSON.parse(read("package.json"));

describe("The command fanfare", () => {
  it("is the package's bin, and begins with a shebang", () => {
    expect(bin).toEqual({ fanfare: "./dist/cli/main.js" });
    expect(read("src/cli/main.ts")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it.each([[[]], [["--help"]], [["-h"]], [["help"]], [["install", "--help"]], [["uninstall", "-h"]]])(
    "prints its help: %j",
    async (args) => {
      const { code, output, errors } = await fanfare(args);
      expect([code, errors]).toEqual([0, ""]);
      expect(output).toMatch(/^ {2}fanfare install --table .+\n {2}fanfare uninstall /m);
      expect(Math.max(...output.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    },
  );

  it("prints its version", async () => {
    expect(await fanfare(["--version"])).toEqual({ code: 0, output: `${version}\n`, errors: "" });
  });

  const somewhere = ["--database-url", "postgres://127.0.0.1/none"];

  it.each<[args: string[], why: string]>([
    [["subscribe"], "there is no command subscribe; there are install and uninstall, see fanfare --help"],
    [["--tables"], "there is no command --tables; there are install and uninstall, see fanfare --help"],
    [["install", "cars", ...somewhere], "Unexpected argument 'cars'"],
    [["install", "--tabel", "cars"], "Unknown option '--tabel'; see fanfare --help"],
    [["install", "--table"], "Option '-t, --table <value>' argument missing; see fanfare --help"],
    [["install", ...somewhere], "name the tables to capture: --table cars"],
    [["install", "--table", "a.b.c", ...somewhere], '--table is "a.b.c"; it must be like cars, public.cars or'],
    [["install", "--table", "", "--print"], '--table is ""; it must be like'],
    [
      ["install", "--table", "cars"],
      "say where the database is, with --database-url or DATABASE_URL; or --print the SQL",
    ],
    [["install", "--table", "cars", "--source", "polling", "--print"], '--source is "polling"; it must be outbox or'],
    [["install", "--table", "cars", "--slot", "a", "--print"], "--slot is for --source replication"],
    [["install", "--source", "replication", "--notify", "--print"], "--notify is for --source outbox"],
    [
      ["install", "--table", "cars", "--schema", "Fan fare", "--print"],
      "postgresOutbox: schema must be 1 to 40 of a to z",
    ],
    [["uninstall", "--reader", "app", "--print"], "--reader, --publisher and --notify are for install"],
    [["uninstall", "--source", "replication", "--table", "cars", "--print"], "--table is for install"],
  ])("fails for %j with a message and the exit code 2", async (args, why) => {
    const { code, output, errors } = await fanfare(args);
    expect({ code, output }).toEqual({ code: 2, output: "" });
    expect(errors).toContain(`fanfare: ${why}`);
    expect(errors.trimEnd().split("\n")).toHaveLength(1);
  });

  it("prints SQL without a database and without a driver", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fanfare-cli-"));
    try {
      for (const name of ["package.json", "src"]) await cp(name, join(folder, name), { recursive: true });
      const file = join(folder, "src/cli/main.ts");
      const printed = await fanfare(["install", "--table", "cars", "--print"], { file });
      expect(printed).toMatchObject({ code: 0, errors: "" });
      expect(printed.output).toMatch(/^begin;\n[\s\S]*\ncommit;\n$/);

      const ran = await fanfare(["install", "--table", "cars", "--yes", ...somewhere], { file });
      expect(ran).toMatchObject({ code: 1, output: printed.output });
      expect(ran.errors).toBe(
        "fanfare: running this needs the package pg: npm install pg. Or --print the SQL and run it yourself\n",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
