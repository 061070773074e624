const kept: object[] = [];

/**
 * Keeps an instance, so that V8 keeps the shape (hidden class) of its class, and the optimised code that relies on it.
 * For classes of short-lived instances that each delivery reads: V8 holds shapes weakly, so a full collection at a
 * moment without an instance throws that code away, and the first changes to instances of the next shape do so again.
 * Compiling the loop of the fan-out takes 20 to 40 ms, on the core of the fan-out if there is no other.
 *
 * To be called once per class, by its module.
 */
export function keepShape(instance: object): void {
  kept.push(instance);
}
