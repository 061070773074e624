import type { Import } from "./source-file.ts";

/** The circles among imports: each as the files that reach each other, sorted. By Tarjan. */
export function circles(imports: readonly Import[]): readonly (readonly string[])[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const search = new Search(next);
  for (const file of [...next.keys()].toSorted()) search.visit(file);
  return search.found.toSorted(([a = ""], [b = ""]) => a.localeCompare(b));
}

class Search {
  readonly found: string[][] = [];
  readonly #next: ReadonlyMap<string, readonly string[]>;
  readonly #index = new Map<string, number>();
  readonly #low = new Map<string, number>();
  readonly #open: string[] = [];

  constructor(next: ReadonlyMap<string, readonly string[]>) {
    this.#next = next;
  }

  visit(file: string): number {
    const known = this.#index.get(file);
    if (known !== undefined) return this.#open.includes(file) ? known : Infinity;
    const index = this.#index.size;
    this.#index.set(file, index);
    this.#open.push(file);
    let low = index;
    for (const to of this.#next.get(file) ?? []) {
      const seen = this.#index.has(to);
      const reached = this.visit(to);
      low = Math.min(low, seen ? reached : (this.#low.get(to) ?? Infinity));
    }
    this.#low.set(file, low);
    if (low === index) this.#close(file);
    return low;
  }

  #close(file: string): void {
    const circle = this.#open.splice(this.#open.indexOf(file));
    const loops = this.#next.get(file)?.includes(file) ?? false;
    if (circle.length > 1 || loops) this.found.push(circle.toSorted());
  }
}
