import { readFileSync } from "node:fs";

/** A document at the root of the repository, asked for the parts that a program can check. */
export class Markdown {
  readonly text: string;

  constructor(name: string) {
    this.text = readFileSync(name, "utf8");
  }

  /** The first table whose head begins with these cells, each row as a map from the head's cells to its own. */
  table(...head: readonly string[]): readonly ReadonlyMap<string, string>[] {
    const lines = this.text.split("\n");
    const start = lines.findIndex((line) => head.every((cell, index) => cells(line)[index] === cell));
    if (start < 0) throw new Error(`There is no table that begins with ${head.join(", ")}`);
    const names = cells(lines[start] ?? "");
    const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
    return lines.slice(start + 2, end).map((line) => {
      const row = cells(line);
      return new Map(names.map((name, index) => [name, row[index] ?? ""]));
    });
  }

  /** The code blocks of a language. */
  code(language: string): readonly string[] {
    const blocks = this.text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
    return [...blocks].flatMap(([, name, code = ""]) => (name === language ? [code] : []));
  }
}

function cells(line: string): readonly string[] {
  if (!line.startsWith("|")) return [];
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}
