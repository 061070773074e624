/** Single-letter edits by which a misspelt name may differ. */
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

/** The Levenshtein distance: insertions, deletions and replacements from one text to the other. */
function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [above, letter] of Array.from(from).entries()) {
    const next = [above + 1];
    for (const [index, other] of Array.from(to).entries()) {
      const replaced = (row[index] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
