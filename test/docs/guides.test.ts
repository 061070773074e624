import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "graphql-ws";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { files, read } from "../source-file.ts";
import { Guide } from "./guide.ts";
import { Markdown } from "./markdown.ts";
import { Program } from "./program.ts";
import { Recipe } from "./recipe.ts";

const declaring = new Guide(read("docs/declaring.md"));
const attaching = new Guide(read("docs/attaching.md"));
const capture = new Guide(read("docs/capture.md"));
const models = new Guide(read("docs/models.md"));
const moving = new Guide(read("docs/moving.md"));
const testing = new Guide(read("docs/testing.md"));

/** What the compiler says about programs, under the strictness of this repository. */
async function complaints(programs: readonly string[]): Promise<string> {
  // Inside the repository, where "fanfare" is a name; wildcards leave out folders that begin with a dot.
  const folder = await mkdtemp("test/docs/.programs-");
  try {
    await Promise.all(programs.map((program, index) => writeFile(join(folder, `${index}.ts`), program)));
    const compilerOptions = { noUnusedLocals: false };
    const config = { extends: "../../../tsconfig.json", compilerOptions, include: ["*.ts"] };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout } = await promisify(execFile)("node_modules/.bin/tsc", ["-p", folder]).catch(
      (error: { stdout: string }) => error,
    );
    return stdout.replaceAll(basename(folder), "programs");
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("The documents' programs", () => {
  it("compile", async () => {
    const readme = new Markdown("README.md").code("ts");
    const programs = [
      ...readme,
      capture.whole,
      declaring.whole,
      models.whole,
      moving.whole,
      testing.whole,
      ...attaching.programs.map(([, program]) => program),
      ...Recipe.all().map(({ program }) => program),
    ];
    expect(await complaints(programs)).toBe("");
  });

  it("are found by these tests, whatever document they stand in", () => {
    const withCode = files("{*.md,docs/**/*.md}").filter((file) => /^```ts$/m.test(read(file)));
    expect(withCode).toEqual([
      "README.md",
      "docs/attaching.md",
      "docs/capture.md",
      "docs/declaring.md",
      "docs/django.md",
      "docs/models.md",
      "docs/moving.md",
      "docs/plain-sql.md",
      "docs/prisma.md",
      "docs/testing.md",
      "docs/typeorm.md",
    ]);
  });
});

describe("docs/declaring.md", () => {
  it("prints what it says", async () => {
    await using program = new Program(declaring.whole);
    expect(await program.output()).toBe(declaring.output);
  });

  it("has every option of subscription()", () => {
    const [, body = ""] =
      /interface SubscriptionOptions<[^>]*> \{\n([\s\S]*?)^\}/m.exec(read("src/declare/subscription.ts")) ?? [];
    const options = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name);
    expect(options).toContain("topics");
    const shown = declaring.sections.map(({ code }) => code).join("\n");
    expect(options.filter((option) => !new RegExp(`\\b${option}:`).test(shown))).toEqual([]);
  });

  it("has every policy of a full queue", () => {
    const policies = [...read("src/declare/queue.ts").matchAll(/^ {2}\| "([\w-]+)"/gm)].map(([, name]) => name);
    const table = new Markdown("docs/declaring.md").table("Overflow").map((row) => row.get("Overflow"));
    expect(table).toEqual(policies.map((name) => `\`${name}\``));
  });
});

describe("docs/models.md", () => {
  it("prints what it says", async () => {
    await using program = new Program(models.whole);
    expect(await program.output()).toBe(models.output);
  });

  it("names every option of model()", () => {
    const [, body = ""] =
      /interface ModelOptions<[^>]*> \{\n([\s\S]*?)^\}/m.exec(read("src/models/model-options.ts")) ?? [];
    const options = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name);
    expect(options).toContain("visible");
    const text = read("docs/models.md");
    expect(options.filter((option) => !new RegExp(`\\b${option}\\b`).test(text))).toEqual([]);
  });
});

describe("docs/moving.md", () => {
  it("prints what it says", async () => {
    await using program = new Program(moving.whole);
    expect(await program.output()).toBe(moving.output);
    // It starts a database.
  });

  it("names only options that the dialects have", () => {
    const table = new Markdown("docs/moving.md").table("Clients of", "Dialect");
    const named = table.flatMap((row) =>
      [...(row.get("Options they may need") ?? "").matchAll(/`(\w+):/g)].map(([, option = ""]) => option),
    );
    const sources = ["src/dialects/graphql-ws.ts", "src/dialects/graphql-transport-ws.ts"].map(read).join("\n");
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((option) => !new RegExp(`^  readonly ${option}\\?:`, "m").test(sources))).toEqual([]);
  });
});

describe("docs/attaching.md", () => {
  it.each(attaching.programs)("%s: serves GraphQL by HTTP and WebSocket, and the rest of the site", async (_, code) => {
    await using program = new Program(code.replace(/\b4000\b/, "0"));
    const port = /port: (\d+)/.exec(await program.line(/port: \d+/))?.[1];
    const url = `http://127.0.0.1:${port}`;
    expect(await fetch(url).then((response) => response.text())).toBe("The rest of the site");
    const asked = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"query":"{ hi }"}',
    });
    expect(await asked.text()).toBe('{"data":{"hi":"hello"}}');
    const client = createClient({ url: `ws://127.0.0.1:${port}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
    const { value } = await client.iterate({ query: "subscription { tick }" }).next();
    expect(value).toEqual({ data: { tick: expect.stringMatching(/^\d{4}-/) } });
    await client.dispose();
  });
});

describe("docs/testing.md", () => {
  it("is a test file that passes", async () => {
    const folder = await mkdtemp("test/docs/.programs-");
    try {
      const [file, report] = [join(folder, "testing.test.ts"), join(folder, "report.json")];
      await writeFile(file, testing.whole);
      const options = ["--reporter=json", `--outputFile=${report}`, "--maxWorkers=1"];
      const run = ["node_modules/vitest/vitest.mjs", "run", file, ...options];
      await promisify(execFile)(process.execPath, run).catch(() => undefined);
      const { numFailedTests, numPassedTests, success } = JSON.parse(read(report));
      expect([success, numFailedTests]).toEqual([true, 0]);
      expect(numPassedTests).toBeGreaterThan(100);
    } finally {
      await rm(folder, { recursive: true });
    }
    // It starts a database.
  });
});
