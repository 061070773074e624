type Comparable = number | bigint | string | boolean;

/** By value, strings by their UTF-16 code units. NaN is greater than every other number, and equal to itself. */
export function order(left: Comparable, right: Comparable): number {
  if (left === right) return 0;
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1;
  if (Number.isNaN(right)) return -1;
  return left < right ? -1 : 1;
}
