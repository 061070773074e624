import { Kind, type DocumentNode, type FragmentDefinitionNode } from "graphql";

/** A document's fragments by name. Clients name them, so they live in a Map. */
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const known = new WeakMap<DocumentNode, Fragments>();

/** Of two fragments with one name the later counts, as it does for graphql-js; validation refuses them anyway. */
export function fragmentsOf(document: DocumentNode): Fragments {
  let fragments = known.get(document);
  if (!fragments) {
    fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
      ),
    );
    known.set(document, fragments);
  }
  return fragments;
}
