/** Edits, each of a letter or two, by which a misspelt name may differ. */
const tolerance = 2;

/** UTF-16 code units above which no name counts as misspelt: the comparison takes time by the square of it. */
const longest = 64;

/** The allowed name that `given` probably stands for; undefined if none is near (edit distance). */
export function nearName(given: string, allowed: readonly string[]): string | undefined {
  if (given.length > longest) return undefined;
  const alike = allowed.find((name) => name.toLowerCase() === given.toLowerCase());
  if (alike !== undefined) return alike;
  const [nearest] = allowed
    .map((name) => ({ name, distance: distanceOf(given, name) }))
    .filter(({ name, distance }) => distance <= tolerance && distance < name.length / 2)
    .toSorted((left, right) => left.distance - right.distance);
  return nearest?.name;
}

/**
 * The edit distance (optimal string alignment): insertions, deletions, replacements, and swaps of two letters side by
 * side, from one text to the other.
 */
function distanceOf(from: string, to: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let above = 0; above < from.length; above += 1) {
    const next = [above + 1];
    for (let index = 0; index < to.length; index += 1) {
      const replaced = (row[index] ?? 0) + (from[above] === to[index] ? 0 : 1);
      const isSwapped = index > 0 && from[above] === to[index - 1] && from[above - 1] === to[index];
      const swapped = isSwapped ? (before[index - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row.at(-1) ?? 0;
}
