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
import { ResolverWitness } from "./resolver-witness.ts";
import type { RootField } from "./root-field.ts";
import { proveShareable } from "./sharing.ts";
import { WitnessPool } from "./witness-pool.ts";

/** How the part of a result below an operation's root field is made. */
export interface Rendering {
  /** The reason why it may depend on more than the event and the variables; undefined if it does not. */
  readonly unshared: string | undefined;
  /** Undefined where graphql-js has to execute. */
  readonly walk: Walk | undefined;
  /** The resolvers on which it depends, that of the root field included. */
  readonly witness: ResolverWitness;
}

/**
 * Compiled renderings, memoised by operation. They are independent of variables unless these decide what is selected
 * (`@skip`, `@include`, arguments below the root): ten thousand clients in ten thousand rooms share one rendering.
 */
export class Renderings {
  readonly #schema: GraphQLSchema;
  readonly #slots = new CommonSlots();
  readonly #witnesses: WitnessPool;
  readonly #byOperation = new WeakMap<OperationDefinitionNode, Rendering | "varies">();

  /** @param maxWitnesses see {@link WitnessPool}. */
  constructor(schema: GraphQLSchema, maxWitnesses: number) {
    this.#schema = schema;
    this.#witnesses = new WitnessPool(maxWitnesses);
  }

  /** A witness of an operation that is never shared: of its root field only. */
  witnessOf(root: RootField["field"]): ResolverWitness {
    const witness = new ResolverWitness();
    witness.sawRoot(root);
    return this.#witnesses.intern(witness);
  }

  /** @param walks whether a walk may be compiled. */
  of(prepared: Prepared, root: RootField["field"], walks: boolean): Rendering {
    const { document, operation } = prepared;
    const known = this.#byOperation.get(operation);
    if (known && known !== "varies" && known.witness.isCurrent) return known;
    const rendering = this.#compile(prepared, root, walks);
    if (known === "varies") return rendering;
    this.#byOperation.set(operation, isFixedSelection(document.ast, operation) ? rendering : "varies");
    return rendering;
  }

  #compile({ document, operation, variables }: Prepared, root: RootField["field"], walks: boolean): Rendering {
    const seen = new ResolverWitness();
    seen.sawRoot(root);
    const proof = proveShareable(this.#schema, document.ast, operation, variables.values, seen);
    const witness = this.#witnesses.intern(seen);
    const unshared = proof.shareable ? undefined : `${proof.because} is not declared shareable`;
    if (unshared !== undefined || !walks) return { unshared, walk: undefined, witness };
    const walk = compileWalk(this.#schema, document.ast, operation, variables.values, this.#slots);
    return { unshared, walk, witness };
  }
}

/**
 * Whether an operation's selection is independent of its variables: these are used only in arguments of its root
 * fields. All fragments of the document are checked, also those that the operation does not spread.
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
