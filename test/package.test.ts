import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Declarations, type Declared } from "./declarations.ts";
import { codeOf, files, importsOf, read } from "./source-file.ts";

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(read("package.json"));

/** What can be imported, by the path behind the package's name. */
const doors = Object.entries(manifest.exports).flatMap(([path, targets]) =>
  typeof targets === "string" ? [] : [{ path, name: manifest.name + path.slice(1), targets }],
);

/** The names that a door exports: values as they are, and types as its text says. */
async function exportsOf(name: string, file: string): Promise<string> {
  const module: object = await import(name);
  const values = Object.keys(module).toSorted();
  const types = typeNames(read(file)).filter((type) => !values.includes(type));
  return [name, ...values.map((value) => `  ${value}`), ...types.map((type) => `  type ${type}`)].join("\n");
}

function typeNames(text: string): readonly string[] {
  const declared = [...text.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name = ""]) => name);
  const lists = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, all, names = ""]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => all !== undefined || name.startsWith("type "))
      .map((name) => name.replace(/^type /, "").replace(/^.* as /, "")),
  );
  return [...declared, ...lists].filter((name) => name !== "").toSorted();
}

describe("The package", () => {
  it("has one door for each public part, to the source, the types and the code of the same file", () => {
    for (const { path, targets } of doors) {
      const source = targets["fanfare-source"] ?? "";
      expect(existsSync(source), `${path}: ${source}`).toBe(true);
      const built = source.replace(/^\.\/src\//, "./dist/").replace(/\.ts$/, "");
      expect(Object.entries(targets)).toEqual([
        ["fanfare-source", source],
        ["types", `${built}.d.ts`],
        ["default", `${built}.js`],
      ]);
    }
  });

  it("exports exactly these names", async () => {
    const texts = await Promise.all(doors.map(({ name, targets }) => exportsOf(name, targets["fanfare-source"] ?? "")));
    await expect(`${texts.join("\n\n")}\n`).toMatchFileSnapshot("public-api.txt");
  });

  it("declares what its source imports, and nothing else", () => {
    const used = files("src/**/*.ts")
      .flatMap(importsOf)
      .filter(({ to, external }) => external && !to.startsWith("node:"))
      .map(({ to }) => to);
    const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
    expect([...new Set(used)].toSorted()).toEqual(declared.toSorted());
  });

  it("ships its source and its documents, and neither tests nor tools", async () => {
    const { stdout } = await run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"]);
    const [packed]: readonly { files: readonly { path: string }[] }[] = JSON.parse(stdout);
    const shipped = packed?.files.map(({ path }) => path).filter((path) => !path.startsWith("dist/")) ?? [];
    const expected = [
      ...files("src/**/*").filter((file) => /\.\w+$/.test(file)),
      ...["CHANGELOG.md", "LICENSE", "PROTOCOL.md", "README.md", "package.json"],
    ];
    expect(shipped.toSorted()).toEqual(expected.toSorted());
  });
});

describe("What the package declares", () => {
  const folder = mkdtempSync(join(tmpdir(), "fanfare-declarations-"));
  const declarations = new Declarations(folder);

  function exportsOfDoor(path: string): readonly Declared[] {
    const targets = manifest.exports[path];
    if (typeof targets !== "object") return [];
    return declarations.exportsOf((targets["types"] ?? "").replace("./dist/", ""));
  }

  beforeAll(async () => {
    const options = ["-p", "tsconfig.build.json", "--emitDeclarationOnly", "--sourceMap", "false", "--outDir", folder];
    await run("node_modules/.bin/tsc", options);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is, at its root, what applications use: under 45 names, which other files declare", () => {
    expect(exportsOfDoor(".").length).toBeGreaterThan(20);
    expect(exportsOfDoor(".").length).toBeLessThan(45);
    expect(codeOf("src/index.ts").trim()).toMatch(/^;*[;\s]*$/);
  });

  it("says nothing with a type that cannot be imported", () => {
    const names = doors.flatMap(({ path }) => exportsOfDoor(path).map((declared) => ({ path, declared })));
    const open = new Set(names.map(({ declared: { file, name } }) => `${name} of ${file}`));
    expect(open.size).toBeGreaterThan(200);
    const closed = names.flatMap(({ path, declared }) =>
      declarations
        .mentionedBy(declared)
        .filter(({ file, name }) => !open.has(`${name} of ${file}`))
        .map(({ file, name }) => `${declared.name} of ${manifest.name}${path.slice(1)}: ${name} of ${file}`),
    );
    expect(closed).toEqual([]);
  });

  it("loads no server with fanfare/declare", () => {
    const imports = files("src/**/*.ts").flatMap(importsOf);
    const loaded = new Set(["src/declare.ts"]);
    for (const file of loaded) {
      for (const { from, to, typeOnly } of imports) if (from === file && !typeOnly) loaded.add(to);
    }
    expect([...loaded].filter((file) => /^(?:ws|src\/(?:engine|session|transports)\/.*)$/.test(file))).toEqual([]);
    expect(loaded.size).toBeGreaterThan(10);
  });
});
