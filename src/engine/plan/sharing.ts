import {
  defaultFieldResolver,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  TypeInfo,
  TypeNameMetaFieldDef,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import { isShareable } from "../../declare/shareable.ts";
import { ResolverWitness } from "./resolver-witness.ts";
import { fragmentsOf, type Fragments } from "../selection/fragments.ts";
import { appliesTo, isIncluded, type VariableValues } from "../selection/selection.ts";

/** Whether results may be shared. `because` is the schema coordinate of the first field or type that may not. */
export type Sharing = { readonly shareable: true } | { readonly shareable: false; readonly because: string };

/**
 * Proves by static analysis that the result below an operation's root field depends only on the event and the
 * variables, so that everyone may share it. The root field's own resolver is not checked here.
 *
 * A field may be shared if, on each possible object type, it has graphql-js's default resolver or one that is declared
 * shareable. `isTypeOf` and `resolveType` get the context, so a type with either is not shared, unless it has
 * `extensions: { fanfare: { shareable: true } }`.
 *
 * @param witness remembers the resolvers on which the proof depends. Default: they are not remembered.
 */
export function proveShareable(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  values: VariableValues,
  witness: ResolverWitness = new ResolverWitness(),
): Sharing {
  const root = schema.getRootType(operation.operation);
  const because = root
    ? new SharingCheck(schema, fragmentsOf(document), values, witness).root(root, operation.selectionSet)
    : operation.operation;
  return because === undefined ? { shareable: true } : { shareable: false, because };
}

/** Finds the first coordinate that must not be shared; undefined if there is none. */
class SharingCheck {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  readonly #values: VariableValues;
  readonly #witness: ResolverWitness;

  constructor(schema: GraphQLSchema, fragments: Fragments, values: VariableValues, witness: ResolverWitness) {
    this.#witness = witness;
    this.#schema = schema;
    this.#fragments = fragments;
    this.#values = values;
  }

  root(type: GraphQLObjectType, selectionSet: SelectionSetNode): string | undefined {
    const below = new Visits();
    return this.#fields(type, selectionSet, new Visits(), (field) => this.#value(type, field, below));
  }

  #value(parent: GraphQLObjectType, node: FieldNode, visits: Visits): string | undefined {
    if (node.name.value === TypeNameMetaFieldDef.name) return undefined;
    const field = parent.getFields()[node.name.value];
    if (!field) return coordinate(parent, node);
    return node.selectionSet && this.#type(getNamedType(field.type), node.selectionSet, visits);
  }

  #type(type: GraphQLNamedType, selectionSet: SelectionSetNode, visits: Visits): string | undefined {
    this.#witness.sawType(type);
    if (isObjectType(type)) return this.#object(type, selectionSet, visits);
    if (!isAbstractType(type) || (type.resolveType && !isDeclared(type))) return type.name;
    for (const possible of this.#schema.getPossibleTypes(type)) {
      const because = this.#object(possible, selectionSet, visits);
      if (because !== undefined) return because;
    }
    return undefined;
  }

  #object(type: GraphQLObjectType, selectionSet: SelectionSetNode, visits: Visits): string | undefined {
    this.#witness.sawType(type);
    if (type.isTypeOf && !isDeclared(type)) return type.name;
    return this.#fields(type, selectionSet, visits, (node) => {
      const field = type.getFields()[node.name.value];
      if (field) this.#witness.sawField(field);
      const independent = !field?.resolve || field.resolve === defaultFieldResolver || isShareable(field);
      return independent ? this.#value(type, node, visits) : coordinate(type, node);
    });
  }

  /** Checks each selected field, without those in fragments that do not apply to the type. */
  #fields(
    type: GraphQLObjectType,
    selectionSet: SelectionSetNode,
    visits: Visits,
    ask: (field: FieldNode) => string | undefined,
  ): string | undefined {
    if (!visits.isFirst(selectionSet, type)) return undefined;
    for (const selection of selectionSet.selections) {
      if (!this.#mayBeIncluded(selection)) continue;
      const because = selection.kind === Kind.FIELD ? ask(selection) : this.#fragment(type, selection, visits, ask);
      if (because !== undefined) return because;
    }
    return undefined;
  }

  #fragment(
    type: GraphQLObjectType,
    selection: Exclude<SelectionNode, FieldNode>,
    visits: Visits,
    ask: (field: FieldNode) => string | undefined,
  ): string | undefined {
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
    if (!fragment || !appliesTo(this.#schema, fragment.typeCondition, type)) return undefined;
    return this.#fields(type, fragment.selectionSet, visits, ask);
  }

  #mayBeIncluded(selection: SelectionNode): boolean {
    try {
      return isIncluded(selection, this.#values);
    } catch {
      return true;
    }
  }
}

/** Visited pairs of selection set and type: each is checked once, since nested spreads expand exponentially. */
class Visits {
  readonly #types = new Map<SelectionSetNode, Set<GraphQLObjectType>>();

  isFirst(selectionSet: SelectionSetNode, type: GraphQLObjectType): boolean {
    const types = this.#types.get(selectionSet) ?? new Set();
    this.#types.set(selectionSet, types);
    return types.size < types.add(type).size;
  }
}

function coordinate(type: GraphQLObjectType, field: FieldNode): string {
  return `${type.name}.${field.name.value}`;
}

function isDeclared(type: GraphQLNamedType): boolean {
  return isShareable({ resolve: undefined, extensions: type.extensions });
}

/** The coordinates of a document's fields that are declared shareable: the suspects when sharing is broken. */
export function declaredShareable(schema: GraphQLSchema, document: DocumentNode): readonly string[] {
  const coordinates = new Set<string>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: () => {
        const field = types.getFieldDef();
        if (field?.resolve && isShareable(field)) coordinates.add(`${types.getParentType()?.name}.${field.name}`);
      },
    }),
  );
  return [...coordinates];
}
