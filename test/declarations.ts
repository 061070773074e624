import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A name where it is declared. */
export interface Declared {
  /** The file of declarations, from the folder of all. */
  readonly file: string;
  readonly name: string;
}

interface Module {
  /** What the file declares: name to text. */
  readonly declared: ReadonlyMap<string, string>;
  /** What it imports or passes on from other files of the folder: its name here to what it is there. */
  readonly taken: ReadonlyMap<string, Declared>;
  /** What others may import from it. */
  readonly exported: ReadonlySet<string>;
}

/** The declarations that the compiler has written for a package (`*.d.ts`), asked which names they mention. */
export class Declarations {
  readonly #folder: string;
  readonly #modules = new Map<string, Module>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What can be imported from a file, by the place where it is declared. Not what other packages declare. */
  exportsOf(file: string): readonly Declared[] {
    return [...this.#module(file).exported].flatMap((name) => this.#find({ file, name }) ?? []);
  }

  /** The names of this package that a declaration says something with. */
  mentionedBy({ file, name }: Declared): readonly Declared[] {
    const text = this.#module(file).declared.get(name) ?? "";
    // Types begin with a capital letter; anything else is mentioned as `typeof x`.
    const names = new Set([...text.matchAll(/\b[A-Z]\w*|(?<=\btypeof )\w+/g)].map(([match]) => match));
    return [...names].flatMap((mentioned) => this.#find({ file, name: mentioned }) ?? []);
  }

  #find({ file, name }: Declared): Declared | undefined {
    const { declared, taken } = this.#module(file);
    if (declared.has(name)) return { file, name };
    const source = taken.get(name);
    return source && this.#find(source);
  }

  #module(file: string): Module {
    const known = this.#modules.get(file);
    if (known) return known;
    const module = moduleOf(file, readFileSync(join(this.#folder, file), "utf8"));
    this.#modules.set(file, module);
    return module;
  }
}

function moduleOf(file: string, text: string): Module {
  const declared = new Map<string, string>();
  const taken = new Map<string, Declared>();
  const exported = new Set<string>();
  for (const statement of statementsOf(text)) {
    const [, exports = "", , name] =
      /^(export )?(?:declare )?(?:abstract )?(class|const|function|interface|let|type) (\w+)/.exec(statement) ?? [];
    if (name !== undefined) {
      // Overloads are several statements of one name. Strings are no names.
      declared.set(name, `${declared.get(name) ?? ""}${statement.replaceAll(/"[^"\n]*"/g, '""')}`);
      if (exports !== "") exported.add(name);
      continue;
    }
    const list = /^(import|export)[^{]*\{([^}]*)\}(?: from "([^"]+)")?/.exec(statement);
    if (!list) continue;
    const [, keyword, names = "", from] = list;
    for (const entry of names.split(",").map((part) => part.trim().replace(/^type /, ""))) {
      if (entry === "") continue;
      const [there = "", here = there] = entry.split(" as ");
      if (keyword === "export") exported.add(here);
      if (from?.startsWith(".")) {
        taken.set(here, { file: join(dirname(file), from.replace(/\.ts$/, ".d.ts")), name: there });
      }
    }
  }
  return { declared, taken, exported };
}

/** The statements of a file without comments: each begins at the beginning of a line. */
function statementsOf(text: string): readonly string[] {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").split(/^(?=[a-z])/m);
}
