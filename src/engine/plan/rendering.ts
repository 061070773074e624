import {
  BREAK,
  Kind,
  visit,
  type ASTNode,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import type { Prepared } from "../document/prepare.ts";
import { CommonSlots } from "../walk/common-slots.ts";
import { compileWalk, type Walk } from "../walk/walk.ts";
import { proveShareable } from "./sharing.ts";

/** How results come about below an operation's root field. */
export interface Rendering {
  /** Why a result there may depend on more than the event and the variables; undefined: it does not. */
  readonly unshared: string | undefined;
  /** Undefined where graphql-js has to execute. */
  readonly walk: Walk | undefined;
}

/**
 * Renderings, compiled once for an operation however many variables it comes with, unless these decide what is selected:
 * ten thousand clients that ask the same about ten thousand rooms have one.
 */
export class Renderings {
  readonly #schema: GraphQLSchema;
  readonly #slots = new CommonSlots();
  readonly #byOperation = new WeakMap<OperationDefinitionNode, Rendering | "varies">();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** @param walks whether a walk may do it, where nothing speaks against it. */
  of(prepared: Prepared, walks: boolean): Rendering {
    const { document, operation } = prepared;
    const known = this.#byOperation.get(operation);
    if (known && known !== "varies") return known;
    const rendering = this.#compile(prepared, walks);
    if (known) return rendering;
    this.#byOperation.set(operation, isFixedSelection(document.ast, operation) ? rendering : "varies");
    return rendering;
  }

  #compile({ document, operation, variables }: Prepared, walks: boolean): Rendering {
    const proof = proveShareable(this.#schema, document.ast, operation, variables.values);
    const unshared = proof.shareable ? undefined : `${proof.because} is not declared shareable`;
    if (unshared !== undefined || !walks) return { unshared, walk: undefined };
    return { unshared, walk: compileWalk(this.#schema, document.ast, operation, variables.values, this.#slots) };
  }
}

/**
 * Whether an operation selects the same whatever its variables are: they stand in the arguments of its root fields and
 * nowhere else. Fragments count even where the operation does not spread them.
 */
function isFixedSelection(document: DocumentNode, operation: OperationDefinitionNode): boolean {
  const rootArguments = new Set<unknown>(
    operation.selectionSet.selections.flatMap((selection) =>
      selection.kind === Kind.FIELD ? (selection.arguments ?? []) : [],
    ),
  );
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return [operation.selectionSet, ...fragments].every((node) => !mentionsVariable(node, rootArguments));
}

function mentionsVariable(node: ASTNode, except: ReadonlySet<unknown>): boolean {
  let mentions = false;
  visit(node, {
    Argument: (argument) => (except.has(argument) ? false : undefined),
    Variable: () => {
      mentions = true;
      return BREAK;
    },
  });
  return mentions;
}
