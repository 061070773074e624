// Packs the library as it would be published, installs it into an empty project with each supported graphql, compiles
// the example of the README there and runs it with the client of graphql-ws. Needs `npm run build` before.
import { execFileSync, spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const graphqlVersions = ["16.11.0", "^16.11.0", "^17.0.0"];

const strictly = ["--noEmit", "--strict", "--target", "es2024", "--lib", "es2024,esnext.disposable"].concat([
  "--module",
  "nodenext",
  "--types",
  "node",
  "--exactOptionalPropertyTypes",
  "--ignoreConfig",
]);

// Stops after one event; the server's URL is its argument.
const client = `
import { createClient } from "graphql-ws";
const client = createClient({ url: process.argv[2], retryAttempts: 0 });
for await (const { data } of client.iterate({ query: 'subscription { messageAdded(room: "lobby") { text } }' })) {
  if (typeof data?.messageAdded.text !== "string") throw new Error(JSON.stringify(data));
  break;
}
await client.dispose();
`;

const { devDependencies, version } = JSON.parse(readFileSync("package.json", "utf8"));
const bin = resolve("node_modules/.bin");
const folder = mkdtempSync(join(tmpdir(), "fanfare-package-"));
try {
  checkBuild();
  run(join(bin, "publint"), ["--strict"]);
  run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder]);
  for (const graphql of graphqlVersions) await tryOut(graphql);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Each file of the source has its code, its types and their map in dist, and nothing else is there. */
function checkBuild(): void {
  const built = globSync("src/**/*.ts").flatMap((file) => {
    const base = file.replace(/^src/, "dist").replace(/\.ts$/, "");
    return [`${base}.js`, `${base}.js.map`, `${base}.d.ts`];
  });
  const found = globSync("dist/**/*.*");
  const wrong = [...built.filter((file) => !found.includes(file)), ...found.filter((file) => !built.includes(file))];
  if (wrong.length > 0) throw new Error(`dist does not mirror src: ${wrong.join(", ")}`);
}

async function tryOut(graphql: string): Promise<void> {
  const project = mkdtempSync(join(folder, "project-"));
  const dependencies = {
    fanfare: `file:${join(folder, `fanfare-${version}.tgz`)}`,
    graphql,
    "graphql-ws": devDependencies["graphql-ws"],
    "@types/node": devDependencies["@types/node"],
  };
  write(project, "package.json", JSON.stringify({ private: true, type: "module", dependencies }));
  write(project, "server.ts", exampleOf("README.md").replace("port: 4000", "port: 0"));
  write(project, "client.mjs", client);
  run("npm", ["install", "--silent", "--no-audit", "--no-fund"], project);
  run("node_modules/.bin/fanfare", ["install", "--table", "cars", "--print"], project, "ignore");
  run(join(bin, "tsc"), [...strictly, "server.ts"], project);
  await subscribe(project);
  process.stdout.write(`The package works with graphql ${graphql}\n`);
}

async function subscribe(project: string): Promise<void> {
  const server = spawn(process.execPath, ["server.ts"], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const url = await new Promise<string>((found, failed) => {
      server.stdout.once("data", (data: Buffer) => found(/ws:\S+/.exec(data.toString())?.[0] ?? ""));
      server.once("exit", (code) => failed(new Error(`The example ended with ${code}`)));
    });
    execFileSync(process.execPath, ["client.mjs", url], { cwd: project, stdio: "inherit", timeout: 20_000 });
  } finally {
    server.kill();
  }
}

function exampleOf(document: string): string {
  const [, code] = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(document, "utf8")) ?? [];
  if (code === undefined) throw new Error(`${document} has no example`);
  return code;
}

function write(project: string, name: string, text: string): void {
  writeFileSync(join(project, name), text);
}

function run(
  command: string,
  args: readonly string[],
  cwd: string = process.cwd(),
  output: "inherit" | "ignore" = "inherit",
): void {
  execFileSync(command, args, { cwd, stdio: ["ignore", output, "inherit"] });
}
