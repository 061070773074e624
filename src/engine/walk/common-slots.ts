import type { GraphQLField } from "graphql";
import type { Slot } from "./shape.ts";

/** A field's slot at the beginning of an object, and after others. */
interface Slots {
  first?: Slot;
  later?: Slot;
}

/**
 * The slots that documents have in common: those of a field under its own name, with nothing between it and the field
 * before. Thousands of documents differ in little, and need not keep the rest once each. There are at most two for each
 * field of a schema, whatever clients send. One server has one of these: another may have wrapped the resolvers since.
 */
export class CommonSlots {
  readonly #known = new WeakMap<GraphQLField<unknown, unknown>, Slots>();

  /** @param slot of a leaf without arguments, as it would be made for one document alone. */
  of(field: GraphQLField<unknown, unknown>, slot: Slot): Slot {
    const name = JSON.stringify(field.name);
    const isFirst = slot.before === `{${name}:`;
    if (!isFirst && slot.before !== `,${name}:`) return slot;
    const slots = this.#known.get(field) ?? {};
    this.#known.set(field, slots);
    if (isFirst) return (slots.first ??= slot);
    return (slots.later ??= slot);
  }
}
