import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ASTNode,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { FanfareError } from "../../base/error.ts";
import { fragmentsOf, type Fragments } from "../selection/fragments.ts";
import type { IntrospectionSize } from "./introspection-size.ts";
import { RepeatCounter } from "./repeats.ts";
import { DocumentMeasure } from "./size.ts";

/**
 * Limits of a document (PROTOCOL 6). Except `characters` and `tokens`, a limit applies to each operation, with a
 * fragment counted at each spread. All are on by default; Infinity turns a limit off. A document over a limit is
 * refused before validation, since validation is the target of denial-of-service attacks.
 *
 * `depth` and `cost` do not apply to an introspection query (only `__schema` and `__type`): `introspection` does.
 */
export interface DocumentLimits {
  /** Length of the source in UTF-16 code units, checked before parsing. Default: 15,000. */
  readonly characters: number;
  /** Lexical tokens; parsing stops at the limit. Default: 1,000. */
  readonly tokens: number;
  /** Levels of nested fields; a root field has depth 1. Default: 20. */
  readonly depth: number;
  /** Aliased fields. Default: 15. */
  readonly aliases: number;
  /** Directives of any kind. Default: 50. */
  readonly directives: number;
  /** Fields: each costs 1. Default: 5,000. */
  readonly cost: number;
  /**
   * Selections of one response name in one place of the result. A selection counts 1, plus 1 per argument, plus 1 per
   * inline fragment around it after the first. Default: 30. Counting stops after 20,000 selections, which exceeds any
   * limit except Infinity.
   */
  readonly repeats: number;
  /**
   * The estimated size of an introspection's answer, as a multiple of that of graphql-js's own introspection query with
   * all its options. Default: 4.
   */
  readonly introspection: number;
}

/** The limits of a document where an option names no other. */
export const defaultDocumentLimits: DocumentLimits = {
  characters: 15_000,
  tokens: 1_000,
  depth: 20,
  aliases: 15,
  directives: 50,
  cost: 5_000,
  repeats: 30,
  introspection: 4,
};

/**
 * Fills in the defaults.
 *
 * @throws FanfareError BAD_OPTION for a limit that is not a positive number.
 */
export function resolveDocumentLimits(limits: Partial<DocumentLimits> = {}): DocumentLimits {
  const resolve = (name: keyof DocumentLimits): number => {
    const value = limits[name] ?? defaultDocumentLimits[name];
    if (value > 0) return value;
    throw new FanfareError(
      "BAD_OPTION",
      `The document limit \`${name}\` must be a positive number, or Infinity for none`,
    );
  };
  return {
    characters: resolve("characters"),
    tokens: resolve("tokens"),
    depth: resolve("depth"),
    aliases: resolve("aliases"),
    directives: resolve("directives"),
    cost: resolve("cost"),
    repeats: resolve("repeats"),
    introspection: resolve("introspection"),
  };
}

const forAll = ["aliases", "directives", "repeats", "introspection"] as const;
const notForIntrospection = ["depth", "cost"] as const;

/** The errors of the first operation that is over a limit. */
export function overLimits(
  document: DocumentNode,
  limits: DocumentLimits,
  introspectionSize: IntrospectionSize,
): readonly GraphQLError[] {
  const fragments = fragmentsOf(document);
  const measure = new DocumentMeasure(fragments);
  const repeats = new RepeatCounter(fragments, limits.repeats);
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
    const measured = measure.size(operation);
    const size = {
      ...measured,
      repeats: repeats.count(operation, measured.depth),
      introspection: limits.introspection === Infinity ? 0 : introspectionSize.of(operation, fragments),
    };
    const applied = isIntrospection(operation, fragments) ? forAll : [...forAll, ...notForIntrospection];
    const errors = applied
      .filter((limit) => size[limit] > limits[limit])
      .map((limit) => limitError(limit, limits[limit], countedText(size[limit]), operation));
    if (errors.length > 0) return errors;
  }
  return [];
}

function countedText(count: number): string {
  return count === Infinity ? "too many to count" : String(Math.ceil(count));
}

/** The error of a document over a limit. Its message names the limit, the value and the maximum. */
export function limitError(limit: keyof DocumentLimits, maximum: number, value: string, node?: ASTNode): GraphQLError {
  const code = limit === "characters" || limit === "tokens" ? "DOCUMENT_TOO_LARGE" : "LIMIT_EXCEEDED";
  return new GraphQLError(`The document is over the limit of ${limit}: ${value}, at most ${maximum}.`, {
    nodes: node,
    extensions: { code, limit, maximum },
  });
}

/** Whether an operation is an introspection query: `__schema` or `__type`, optionally with `__typename`. */
function isIntrospection(operation: OperationDefinitionNode, fragments: Fragments): boolean {
  if (operation.operation !== OperationTypeNode.QUERY) return false;
  const names = new Set(rootFieldNames(operation.selectionSet, fragments, new Set()));
  const asks = names.delete("__schema") || names.has("__type");
  names.delete("__type");
  names.delete("__typename");
  return asks && names.size === 0;
}

function* rootFieldNames(
  selectionSet: SelectionSetNode,
  fragments: Fragments,
  visited: Set<string>,
): Generator<string> {
  for (const selection of selectionSet.selections) {
    if (selection.kind === Kind.FIELD) yield selection.name.value;
    else if (selection.kind === Kind.INLINE_FRAGMENT) yield* rootFieldNames(selection.selectionSet, fragments, visited);
    else if (!visited.has(selection.name.value)) {
      visited.add(selection.name.value);
      const fragment = fragments.get(selection.name.value);
      if (fragment) yield* rootFieldNames(fragment.selectionSet, fragments, visited);
    }
  }
}
