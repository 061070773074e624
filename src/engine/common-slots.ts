import type { GraphQLField } from "graphql";
import type { Slot } from "./shape.ts";

/** A field's slot at the beginning of an object, and after others. */
interface Slots {
  first?: Slot;
  later?: Slot;
}

const known = new WeakMap<GraphQLField<unknown, unknown>, Slots>();

/**
 * The one slot for all documents that ask a field alike: under its own name, with nothing between it and the field
 * before. Thousands of documents differ in little, and what they have in common stays in the processor's cache. There
 * are at most two for each field of a schema, whatever clients send.
 *
 * @param slot of a leaf without arguments, as it would be made for one document alone.
 */
export function commonSlot(field: GraphQLField<unknown, unknown>, slot: Slot): Slot {
  const name = JSON.stringify(field.name);
  const isFirst = slot.before === `{${name}:`;
  if (!isFirst && slot.before !== `,${name}:`) return slot;
  const slots = known.get(field) ?? {};
  known.set(field, slots);
  if (isFirst) return (slots.first ??= slot);
  return (slots.later ??= slot);
}
