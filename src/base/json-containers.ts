/** What is nested deeper waits in a list instead of on the stack, which would overflow. */
const maxRecursion = 64;

/**
 * Whether an object or array of a parsed JSON value, at any depth, passes the test; a parent is tested before its
 * children, and nothing after the first that passes.
 *
 * Walks by recursion and keeps next to nothing. A list of what is still to be visited would be as long as the value is
 * wide, and its growth lets V8 collect garbage while all of the value is young and has to be copied: for 80,000 empty
 * objects that took as long as parsing them.
 */
export function someContainer(root: unknown, passes: (container: object) => boolean): boolean {
  const deeper: object[] = [];

  const within = (value: unknown, depth: number): boolean => {
    if (typeof value !== "object" || value === null) return false;
    if (depth === maxRecursion) {
      deeper.push(value);
      return false;
    }
    return passes(value) || withinChildren(value, depth + 1);
  };

  const withinChildren = (container: object, depth: number): boolean => {
    if (Array.isArray(container)) {
      for (const element of container) if (within(element, depth)) return true;
      return false;
    }
    for (const key in container) {
      if (Object.hasOwn(container, key) && within(Reflect.get(container, key), depth)) return true;
    }
    return false;
  };

  if (within(root, 0)) return true;
  for (let value = deeper.pop(); value; value = deeper.pop()) if (within(value, 0)) return true;
  return false;
}
