/**
 * Uses of inert values of one guard, after which they are undefined: a loop that goes on while there is something
 * ends.
 */
const maxUses = 10_000;

/**
 * A value in the place of one that a guard does not give: a null object. It can be called and constructed, each of its
 * properties is inert again, it is no thenable, and its text is empty. So code that uses it does not throw where nobody
 * would catch, such as in a timer.
 */
export function inertValue(): object {
  let uses = 0;
  const again = (): object | undefined => (++uses > maxUses ? undefined : inert);
  // Its own function as the target of the proxy: invariants hold for whatever is done to it.
  const inert: object = new Proxy(function nothing() {}, {
    get: (_target, key) => (key === "then" ? undefined : key === Symbol.toPrimitive ? () => "" : again()),
    apply: again,
    construct: () => Object(again()),
    set: () => true,
    deleteProperty: () => true,
    defineProperty: () => true,
    setPrototypeOf: () => true,
  });
  return inert;
}
