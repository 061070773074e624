import {
  getIntrospectionQuery,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isWrappingType,
  Kind,
  OperationTypeNode,
  parse,
  type DocumentNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { fragmentsOf, type Fragments } from "../selection/fragments.ts";

/** A type of the introspection schema, with its fields of objects: how many objects each has, and where they are. */
type Place = Map<string, { readonly count: number; readonly below: Place }>;

/**
 * Estimates the answers of introspection queries, in fields. Introspection has no natural end, since a type's fields have
 * types, which have fields: a document of a thousand characters can ask for hundreds of megabytes. Lists count by the
 * schema's real numbers: on average below `types`, where each type stands once, and at most everywhere else.
 */
export class IntrospectionSize {
  readonly #schema: GraphQLSchema;
  #root: Place | undefined;
  #whole: number | undefined;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /**
   * The size of an operation's introspection, as a multiple of that of graphql-js's own introspection query with all its
   * options: 0 without `__schema` and `__type`. Linear in the document.
   */
  of(operation: OperationDefinitionNode, fragments: Fragments): number {
    if (operation.operation !== OperationTypeNode.QUERY) return 0;
    const size = this.#size(operation.selectionSet, fragments);
    return size === 0 ? 0 : size / this.#sizeOfWhole();
  }

  #sizeOfWhole(): number {
    if (this.#whole === undefined) {
      const document = wholeIntrospection();
      const [operation] = document.definitions;
      const selects = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet : undefined;
      this.#whole = selects ? this.#size(selects, fragmentsOf(document)) : Infinity;
    }
    return this.#whole;
  }

  #size(selectionSet: SelectionSetNode, fragments: Fragments): number {
    this.#root ??= rootOf(this.#schema);
    return new Estimate(fragments, this.#root).size(selectionSet, this.#root);
  }
}

function wholeIntrospection(): DocumentNode {
  return parse(
    getIntrospectionQuery({
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    }),
  );
}

/** The estimate of one document. Each fragment is estimated once in each place. */
class Estimate {
  readonly #fragments: Fragments;
  readonly #root: Place;
  readonly #known = new Map<Place, Map<string, number>>();

  constructor(fragments: Fragments, root: Place) {
    this.#fragments = fragments;
    this.#root = root;
  }

  size({ selections }: SelectionSetNode, place: Place): number {
    let size = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) size += this.#fragment(selection.name.value, place);
      else if (selection.kind === Kind.INLINE_FRAGMENT) size += this.size(selection.selectionSet, place);
      else size += this.#field(selection.name.value, selection.selectionSet, place);
    }
    return size;
  }

  /** A field of the schema's own counts as nothing: the limits `depth` and `cost` are about these. */
  #field(name: string, selectionSet: SelectionSetNode | undefined, place: Place): number {
    const field = place.get(name);
    if (field && selectionSet) return field.count * (1 + this.size(selectionSet, field.below));
    return place === this.#root ? 0 : 1;
  }

  /** A spread that closes a cycle, which validation refuses, counts as nothing. */
  #fragment(name: string, place: Place): number {
    const known = this.#known.get(place) ?? new Map<string, number>();
    this.#known.set(place, known);
    const size = known.get(name);
    if (size !== undefined) return size;
    known.set(name, 0);
    const fragment = this.#fragments.get(name);
    const measured = fragment ? this.size(fragment.selectionSet, place) : 0;
    known.set(name, measured);
    return measured;
  }
}

/** How many parts a type has. */
interface TypeParts {
  readonly fields: number;
  readonly interfaces: number;
  readonly possibleTypes: number;
  readonly inputFields: number;
  readonly enumValues: number;
  /** The number of arguments of each field. */
  readonly fieldArguments: readonly number[];
  /** The highest number of wrappers (list, non-null) around a type of its fields, arguments or input fields. */
  readonly wrappers: number;
}

/** The place of an operation's root fields. */
function rootOf(schema: GraphQLSchema): Place {
  const types = Object.values(schema.getTypeMap()).map((type) => partsOf(schema, type));
  const directives = schema.getDirectives().map(({ args }) => args.length);
  const anyType: Place = new Map();
  const reference = referencePlace(highest(types.map(({ wrappers }) => wrappers)), anyType);
  for (const [name, field] of typePlace(types, anyType, reference, highest)) anyType.set(name, field);
  completeReference(reference, anyType);

  const wholeSchema: Place = new Map([
    ["types", { count: types.length, below: typePlace(types, anyType, reference, average) }],
    [
      "directives",
      { count: directives.length, below: new Map([["args", inputValues(average(directives), reference)]]) },
    ],
    ["queryType", { count: 1, below: anyType }],
    ["mutationType", { count: 1, below: anyType }],
    ["subscriptionType", { count: 1, below: anyType }],
  ]);
  return new Map([
    ["__schema", { count: 1, below: wholeSchema }],
    ["__type", { count: 1, below: anyType }],
  ]);
}

/** The type of a field or an argument: as many wrappers as there may be, then a named type. */
function referencePlace(wrappers: number, named: Place): Place {
  return wrappers === 0 ? named : new Map([["ofType", { count: 1, below: referencePlace(wrappers - 1, named) }]]);
}

/** Gives each wrapper the fields of a named type: a type may have fewer wrappers than others. */
function completeReference(reference: Place, named: Place): void {
  for (let place = reference; place !== named; place = place.get("ofType")?.below ?? named) {
    for (const [name, field] of named) place.set(name, field);
  }
}

/** @param numberOf the number of parts that a type is taken to have, from those of all types. */
function typePlace(
  types: readonly TypeParts[],
  anyType: Place,
  reference: Place,
  numberOf: (counts: readonly number[]) => number,
): Place {
  const count = (part: Exclude<keyof TypeParts, "fieldArguments">) => numberOf(types.map((parts) => parts[part]));
  const argumentCount = numberOf(types.flatMap(({ fieldArguments }) => fieldArguments));
  const field: Place = new Map([
    ["args", inputValues(argumentCount, reference)],
    ["type", { count: 1, below: reference }],
  ]);
  return new Map([
    ["fields", { count: count("fields"), below: field }],
    ["interfaces", { count: count("interfaces"), below: anyType }],
    ["possibleTypes", { count: count("possibleTypes"), below: anyType }],
    ["inputFields", inputValues(count("inputFields"), reference)],
    ["enumValues", { count: count("enumValues"), below: new Map() }],
  ]);
}

function inputValues(count: number, reference: Place): { readonly count: number; readonly below: Place } {
  return { count, below: new Map([["type", { count: 1, below: reference }]]) };
}

function partsOf(schema: GraphQLSchema, type: GraphQLNamedType): TypeParts {
  const composite = isObjectType(type) || isInterfaceType(type) ? type : undefined;
  const fields = Object.values(composite?.getFields() ?? {});
  const inputFields = isInputObjectType(type) ? Object.values(type.getFields()) : [];
  return {
    fields: fields.length,
    fieldArguments: fields.map(({ args }) => args.length),
    interfaces: composite?.getInterfaces().length ?? 0,
    possibleTypes: isAbstractType(type) ? schema.getPossibleTypes(type).length : 0,
    inputFields: inputFields.length,
    enumValues: isEnumType(type) ? type.getValues().length : 0,
    wrappers: highest([...fields, ...fields.flatMap(({ args }) => args), ...inputFields].map(wrappersOf)),
  };
}

function wrappersOf({ type }: { readonly type: GraphQLType }): number {
  return isWrappingType(type) ? 1 + wrappersOf({ type: type.ofType }) : 0;
}

function highest(counts: readonly number[]): number {
  return counts.reduce((most, count) => Math.max(most, count), 0);
}

function average(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length);
}
