/** @import { CarChange } from "./cars.js" */

/**
 * A change in one line: "Skoda Octavia, year 2021 → 2022".
 *
 * @param {CarChange} change
 */
export function summaryOf({ before, after, changed }) {
  const car = after ?? before;
  const name = car ? `${car.make} ${car.model}` : "A car";
  if (!before || !after) return name;
  const steps = shown
    .filter((field) => changed.includes(field))
    .map((field) => `${field} ${before[field] ?? "none"} → ${after[field] ?? "none"}`);
  return steps.length > 0 ? `${name}, ${steps.join(", ")}` : `${name}, with the values it had`;
}

const shown = /** @type {const} */ (["make", "model", "variant", "year"]);
