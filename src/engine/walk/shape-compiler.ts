import {
  defaultFieldResolver,
  getArgumentValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from "graphql";
import { isShareable } from "../../declare/shareable.ts";
import type { CommonSlots } from "./common-slots.ts";
import { collectFields, type CollectedFields, type SelectionScope } from "../selection/collect-fields.ts";
import { frozenArguments } from "../selection/frozen-arguments.ts";
import { leafText } from "./leaf-text.ts";
import type { Shape, Slot } from "./shape.ts";

// An operation with more fields, possible only without the limit `cost`, is executed by graphql-js.
const maxFields = 10_000;

/** Compiles selections to shapes. The result is undefined for a selection that a walk does not cover. */
export class ShapeCompiler {
  readonly #scope: SelectionScope;
  readonly #common: CommonSlots;
  #fields = 0;

  constructor(scope: SelectionScope, common: CommonSlots) {
    this.#scope = scope;
    this.#common = common;
  }

  /** The shape of a value of `type`, selected by the merged fields of one response name. */
  shape(type: GraphQLOutputType, nodes: readonly FieldNode[], nullable: boolean = true): Shape | undefined {
    if (isNonNullType(type)) return this.shape(type.ofType, nodes, false);
    if (isLeafType(type)) return { kind: "leaf", nullable, text: leafText(type) };
    if (isObjectType(type)) return this.#object(type, nodes, nullable);
    if (!isListType(type)) return undefined;
    const item = this.shape(type.ofType, nodes);
    return item && { kind: "list", nullable, item };
  }

  #object(type: GraphQLObjectType, nodes: readonly FieldNode[], nullable: boolean): Shape | undefined {
    if (type.isTypeOf) return undefined;
    const selectionSets = nodes.flatMap((node) => node.selectionSet ?? []);
    const fields = collectFields(this.#scope, type, selectionSets);
    return fields && this.#slots(type, fields, nullable);
  }

  #slots(type: GraphQLObjectType, fields: CollectedFields, nullable: boolean): Shape | undefined {
    const slots: Slot[] = [];
    let before = "{";
    let separator = "";
    for (const [key, nodes] of fields) {
      before += `${separator}${JSON.stringify(key)}:`;
      separator = ",";
      if (nodes[0].name.value === TypeNameMetaFieldDef.name) {
        before += JSON.stringify(type.name);
        continue;
      }
      const slot = this.#slot(type, nodes, before);
      if (!slot) return undefined;
      slots.push(slot);
      before = "";
    }
    return { kind: "object", nullable, slots, end: `${before}}` };
  }

  #slot(type: GraphQLObjectType, nodes: readonly [FieldNode, ...FieldNode[]], before: string): Slot | undefined {
    const field = type.getFields()[nodes[0].name.value];
    if (!field || ++this.#fields > maxFields) return undefined;
    const resolve = field.resolve === defaultFieldResolver ? undefined : field.resolve;
    if (resolve && (!isShareable(field) || isAsync(resolve))) return undefined;
    const shape = this.shape(field.type, nodes);
    // Coerced also for a field without a resolver: invalid arguments are an error.
    const args = frozenArguments(getArgumentValues(field, nodes[0], this.#scope.values));
    if (!shape) return undefined;
    const slot: Slot = { before, name: field.name, resolve, args, shape };
    return shape.kind === "leaf" && field.args.length === 0 ? this.#common.of(field, slot) : slot;
  }
}

function isAsync(resolve: GraphQLFieldResolver<unknown, unknown>): boolean {
  return Object.prototype.toString.call(resolve) === "[object AsyncFunction]";
}
