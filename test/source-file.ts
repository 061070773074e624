import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** One import or re-export, as it stands in the text. */
export interface Import {
  /** The importing file, from the root of the repository. */
  readonly from: string;
  /** A file of the repository, or the name of a package. */
  readonly to: string;
  readonly external: boolean;
  /** True if nothing of it is left when the types are stripped. */
  readonly typeOnly: boolean;
}

/** Files of the repository by a pattern such as `src/**\/*.ts`, sorted, from the root of the repository. */
export function files(pattern: string): readonly string[] {
  return globSync(pattern, { exclude: (name) => name.includes("node_modules") }).toSorted();
}

export function read(file: string): string {
  return readFileSync(file, "utf8");
}

/** A file's code: without comments, what strings hold, and the statements that import or re-export names. */
export function codeOf(file: string): string {
  return withoutStrings(withoutComments(read(file)).replaceAll(statement, ""));
}

// `import … from "x"`, `export … from "x"` and `import "x"`.
const statement = /^(?:import\s*"[^"]+"|(?:import|export)\b(?:[\w\s*,$]|\{[^}]*\})*?\bfrom\s*"[^"]+")/gm;
// `import("x")`, where it loads a module and where it only names a type.
const call = /\bimport\(\s*"([^"]+)"/g;

/** What a file imports. With `verbatimModuleSyntax`, only `import type` and `export type` leave nothing behind. */
export function importsOf(file: string): readonly Import[] {
  const text = withoutComments(read(file));
  const statements = [...text.matchAll(statement)].map(([match]) => ({
    specifier: /"([^"]+)"$/.exec(match)?.[1] ?? "",
    typeOnly: /^(?:import|export)\s+type\b/.test(match),
  }));
  const calls = [...text.matchAll(call)].map(([, specifier = ""]) => ({ specifier, typeOnly: false }));
  return [...statements, ...calls].map(({ specifier, typeOnly }) => {
    const external = !specifier.startsWith(".");
    const to = external ? packageName(specifier) : normalize(join(dirname(file), specifier));
    return { from: file, to, external, typeOnly };
  });
}

/** `@scope/name` of `@scope/name/sub`, and `node:fs` as it is. */
function packageName(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

function withoutComments(text: string): string {
  // A string may hold `//`, as in a URL, so strings are stepped over.
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/.*/g;
  return text.replaceAll(token, (match) => (match.startsWith("/") ? "" : match));
}

function withoutStrings(text: string): string {
  return text.replaceAll(/"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, '""');
}
