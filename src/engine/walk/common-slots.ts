import type { GraphQLField } from "graphql";
import type { Slot } from "./shape.ts";

/** A field's slots: as the first field of an object, and as a later one. */
interface Slots {
  first?: Slot;
  later?: Slot;
}

/**
 * Interning of slots that documents have in common, which saves memory for thousands of similar documents: those of a
 * field without an alias, directly after the field before it. It is bounded by the schema, with at most two slots per
 * field. Each server has its own, since a schema's resolvers may be wrapped between the creation of two servers.
 */
export class CommonSlots {
  readonly #known = new WeakMap<GraphQLField<unknown, unknown>, Slots>();

  /**
   * The interned slot that is equal to `slot`, or `slot` itself if it cannot be shared.
   *
   * @param slot of a leaf without arguments.
   */
  of(field: GraphQLField<unknown, unknown>, slot: Slot): Slot {
    const name = JSON.stringify(field.name);
    const isFirst = slot.before === `{${name}:`;
    if (!isFirst && slot.before !== `,${name}:`) return slot;
    const slots = this.#known.get(field) ?? {};
    this.#known.set(field, slots);
    const place = isFirst ? "first" : "later";
    const known = slots[place];
    // The field's resolver may have been replaced since.
    if (known && known.resolve === slot.resolve) return known;
    slots[place] = slot;
    return slot;
  }
}
