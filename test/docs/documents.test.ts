import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { files, read } from "../source-file.ts";

const documents = files("{*.md,docs/**/*.md}").map((file) => ({ file, text: read(file) }));

/** Everything that a pattern finds in the documents: its first group, and where it stands. */
function found(pattern: RegExp): readonly { readonly file: string; readonly name: string }[] {
  return documents.flatMap(({ file, text }) => [...text.matchAll(pattern)].map(([, name = ""]) => ({ file, name })));
}

/** The same, for paths that are relative to their document. */
function linked(pattern: RegExp): ReturnType<typeof found> {
  return found(pattern).map(({ file, name }) => ({ file, name: join(dirname(file), name) }));
}

/** The names by which the headings of a document are linked to. */
function anchorsOf(file: string): readonly string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(/\s/g, "-"),
  );
}

describe("The documents", () => {
  it("are all there", () => {
    const atTheRoot = ["ARCHITECTURE", "CHANGELOG", "CONTRIBUTING", "PROTOCOL", "README", "SECURITY"];
    const guides = [
      "attaching",
      "capture",
      "declaring",
      "django",
      "models",
      "moving",
      "plain-sql",
      "prisma",
      "testing",
      "typeorm",
    ];
    const names = [...atTheRoot, ...guides.map((name) => `docs/${name}`)];
    expect(documents.map(({ file }) => file)).toEqual(names.map((name) => `${name}.md`));
  });

  it("name only files that exist", () => {
    const named = [
      ...found(/`((?:src|test|bench|scripts|examples|\.ci)\/[\w./-]*)`/g),
      ...linked(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g),
    ];
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ name }) => !existsSync(name))).toEqual([]);
  });

  it("link only to headings that exist", () => {
    const links = [
      ...found(/\]\((#[^)]+)\)/g).map(({ file, name }) => ({ file, name: file + name })),
      ...linked(/\]\((?!https?:)([^)#]+\.md#[^)]+)\)/g),
    ];
    const broken = links.filter(({ name }) => {
      const [path = "", anchor = ""] = name.split("#");
      return !anchorsOf(path).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it("tell only commands that the package has", () => {
    const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
    const commands = found(/\bnpm (?:run ([\w:-]+)|(?=start\b|test\b))/g).filter(({ name }) => name !== "");
    expect(commands.filter(({ name }) => !scripts.includes(name))).toEqual([]);
    expect(scripts).toEqual(expect.arrayContaining(["start", "test"]));
  });
});
