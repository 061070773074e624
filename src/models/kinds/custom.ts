import type { Kind } from "../kind.ts";

/** What a driver hands over as a value of its own, and not as text. */
const read: ReadonlySet<string> = new Set(["Int", "Float", "Boolean", "JSON", "Bytes"]);

/**
 * A Drizzle column of a custom type, whose `fromDriver` makes the value. Nobody knows how such values compare, so
 * clients cannot ask for them.
 */
export function custom(base: Kind, fromDriver: (value: unknown) => unknown): Kind {
  return {
    one: base.one,
    scalar: base.scalar,
    identifies: false,
    decode(text) {
      const value = base.decode(text);
      return value === undefined ? undefined : fromDriver(read.has(base.scalar) ? value : text);
    },
    plain: (value) => base.plain(value),
    comparison: undefined,
  };
}
