export interface Quartiles {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

/** Quartiles by linear interpolation. */
export function quartiles(values: readonly number[]): Quartiles {
  return {
    lower: quantile(values, 0.25),
    median: quantile(values, 0.5),
    upper: quantile(values, 0.75),
  };
}

/** @param part 0 is the smallest, 1 the largest. NaN for no values. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** A target is met when the median is at or under it and the lower quartile at least 5 % under. */
export function meets(target: number, { median, lower }: Quartiles): boolean {
  return median <= target && lower <= target * 0.95;
}
