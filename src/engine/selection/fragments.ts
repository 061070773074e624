import { Kind, type DocumentNode, type FragmentDefinitionNode } from "graphql";

/** A document's fragments by name: a Map, since names of clients in an object allow prototype pollution. */
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const known = new WeakMap<DocumentNode, Fragments>();

/**
 * A document's fragments, memoised. Of two with one name it has the later, as graphql-js does; validation refuses both.
 */
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
