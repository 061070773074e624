import { existsSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { circles } from "./circles.ts";
import { codeOf, files, importsOf, read, type Import } from "./source-file.ts";

type Room = string;

const everything = "everything";

/**
 * What each room may import besides itself; `types of x` allows `import type` alone. The files at the root of src are
 * the composition: `fanfare`, its `options`, and the door `index`.
 */
const layers: Readonly<Record<Room, readonly string[] | typeof everything>> = {
  base: [],
  dialects: ["base"],
  contract: ["base", "types of dialects"],
  declare: ["contract", "base"],
  postgres: ["contract", "base"],
  engine: ["declare", "contract", "types of dialects", "base"],
  outbox: ["engine", "declare", "contract", "types of dialects", "base"],
  operation: ["outbox", "engine", "declare", "contract", "types of dialects", "base"],
  session: ["operation", "outbox", "engine", "declare", "contract", "dialects", "base"],
  transports: ["contract", "base", "types of dialects"],
  brokers: ["postgres", "contract", "base", "types of dialects"],
  sources: ["postgres", "contract", "base", "types of dialects"],
  auth: ["contract", "base", "types of dialects"],
  observe: ["contract", "base", "types of dialects"],
  relay: ["declare", "contract", "base"],
  models: ["relay", "declare", "contract", "base"],
  inspect: ["declare", "contract", "base"],
  client: ["dialects", "base"],
  fanfare: everything,
  testing: everything,
  compat: everything,
  cli: everything,
};

/** Nothing below may import these: they stand on the composition, or beside it. */
const tops: readonly Room[] = ["testing", "compat", "cli", "client"];

/** Packages that a room may import; the others are for the standard library of Node alone. */
const packages: Readonly<Record<Room, readonly string[]>> = {
  contract: ["graphql"],
  dialects: ["graphql"],
  declare: ["graphql"],
  engine: ["graphql"],
  operation: ["graphql"],
  session: ["graphql"],
  transports: ["ws"],
  models: ["graphql"],
  fanfare: ["graphql"],
  testing: ["graphql"],
  compat: ["graphql"],
  cli: ["pg"],
};

/** The clock itself; sockets that Node times; and what waits for turns of the real event loop. */
const timekeepers: readonly Room[] = ["base", "transports", "testing"];

const sources = files("src/**/*.ts");
const imports = sources.flatMap(importsOf);
const inside = imports.filter(({ external }) => !external);

/** `engine` for `src/engine/hub.ts`; `fanfare` for a file at the root of src. */
function roomOf(file: string): Room {
  const [, room = ""] = file.split("/");
  return room.endsWith(".ts") ? "fanfare" : room;
}

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const [importer, imported] = [roomOf(from), roomOf(to)];
  if (importer === imported) return true;
  const allowed = layers[importer];
  if (allowed === undefined) return false;
  if (allowed === everything) return importer !== "fanfare" || !tops.includes(imported);
  return allowed.includes(imported) || (typeOnly && allowed.includes(`types of ${imported}`));
}

function shown({ from, to, typeOnly }: Import): string {
  return `${from} -> ${to}${typeOnly ? " (types)" : ""}`;
}

describe("The rooms", () => {
  it("are all in the table of layers", () => {
    const rooms = new Set(sources.map(roomOf));
    expect([...rooms].filter((room) => !(room in layers))).toEqual([]);
  });

  it("import only what the table allows", () => {
    expect(inside.filter((entry) => !isAllowed(entry)).map(shown)).toEqual([]);
  });

  it("import files that exist, by their names and not by their folders", () => {
    expect(inside.filter(({ to }) => !to.endsWith(".ts") || !existsSync(to)).map(shown)).toEqual([]);
  });

  it("import no package but those of their room", () => {
    const foreign = imports.filter(
      ({ from, to, external }) => external && !to.startsWith("node:") && !packages[roomOf(from)]?.includes(to),
    );
    expect(foreign.map(shown)).toEqual([]);
  });

  it("have no circle, neither among the modules that run nor among their types", () => {
    expect(circles(inside)).toEqual([]);
  });

  it("leave time to the clock", () => {
    const timed = sources.filter(
      (file) =>
        !timekeepers.includes(roomOf(file)) &&
        /\b(?:setTimeout|setInterval|setImmediate|Date\.now|performance\.now)\b/.test(codeOf(file)),
    );
    expect(timed).toEqual([]);
  });
});

describe("The files", () => {
  const all = files("{src,test,bench,examples,scripts}/**/*.ts");

  it("are named in kebab case, after the one thing they hold", () => {
    const name = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:property\.)?(?:test|test-d))?\.ts$/;
    expect(all.filter((file) => !name.test(basename(file)))).toEqual([]);
    const vague = /\/(?:utils?|types?|helpers?|common|misc)(?=[/.])/;
    expect(sources.filter((file) => vague.test(file))).toEqual([]);
  });

  it("silence neither the compiler nor the linter", () => {
    const silencer = /@ts-(?:ignore|expect-error|nocheck)|\b(?:ox|es)lint-disable/;
    // In a test of types an expected error is an assertion; and here the words have to be written.
    const candidates = all.filter((file) => !file.endsWith(".test-d.ts") && file !== "test/architecture.test.ts");
    expect(candidates.filter((file) => silencer.test(read(file)))).toEqual([]);
  });

  it("of the source neither cast nor claim that something is not null", () => {
    const escape = /[\w)\]] as (?!const\b)\w|(?<!\.)\bany\b|[\w)\]]!(?=[.,;)\]])/;
    const lines = sources.flatMap((file) =>
      codeOf(file)
        .split("\n")
        .filter((line) => escape.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(lines).toEqual([]);
  });

  it("of the tests run, all of them", () => {
    const left = /\b(?:it|test|describe)\.(?:skip|only|todo|fails|skipIf|runIf)\b/;
    expect(files("test/**/*.ts").filter((file) => left.test(codeOf(file)))).toEqual([]);
  });
});
