import type { Car } from "./car.ts";

/** What became of a car: the event behind every subscription to cars. */
export interface CarChange {
  readonly action: "CREATED" | "UPDATED" | "DELETED";
  readonly id: string;
  readonly before: Car | null;
  readonly after: Car | null;
  /** The names of the fields that an update gave another value. */
  readonly changed: readonly string[];
  /** True when a car came into sight, or went out of it, without being created or deleted. */
  readonly moved: boolean;
  /** ISO 8601, in milliseconds. */
  readonly at: string;
}

export function created(after: Car): CarChange {
  return { action: "CREATED", id: after.id, before: null, after, ...plain, at: after.updatedAt };
}

export function updated(before: Car, after: Car): CarChange {
  const changed = fields.filter((name) => before[name] !== after[name]);
  return { action: "UPDATED", id: after.id, before, after, changed, moved: false, at: after.updatedAt };
}

export function deleted(before: Car): CarChange {
  const at = new Date().toISOString();
  return { action: "DELETED", id: before.id, before, after: null, ...plain, at };
}

const plain = { changed: [], moved: false } as const;
const fields = ["make", "model", "variant", "year", "updatedAt"] as const;
