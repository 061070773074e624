import {
  getArgumentValues,
  type DocumentNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { CommonSlots } from "./common-slots.ts";
import { collectFields, type SelectionScope } from "../selection/collect-fields.ts";
import { fragmentsOf } from "../selection/fragments.ts";
import type { Shape, Slot } from "./shape.ts";
import { ShapeCompiler } from "./shape-compiler.ts";
import { isThenable, silence, silenceAll } from "../../base/thenable.ts";
import { Tripwire } from "../context-guard.ts";
import type { VariableValues } from "../selection/selection.ts";

/**
 * Writes the result for one event. `rootValue` is the result of the root field's resolver. The text is byte for byte
 * the JSON.stringify of graphql-js's result. Undefined at anything beyond the happy path (an error, a null in a
 * non-null place, a promise, a function, a resolver that uses its context): then graphql-js has to execute this event.
 * Never throws.
 */
export type Walk = (rootValue: unknown) => string | undefined;

/**
 * Compiles an operation with one root field to a {@link Walk}. Undefined for a selection that a walk does not cover:
 * with interfaces, unions, `isTypeOf`, resolvers that are async or not shareable, `@defer`, `@stream`, or invalid
 * arguments.
 *
 * @param slots interned slots, shared by the walks of one server. Default: not shared.
 */
export function compileWalk(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  values: VariableValues,
  slots: CommonSlots = new CommonSlots(),
): Walk | undefined {
  try {
    const root = rootOf({ schema, fragments: fragmentsOf(document), values }, operation, slots);
    if (!root) return undefined;
    const walker = new Walker(root);
    return (rootValue) => walker.walk(rootValue);
  } catch {
    // A condition or argument without a value, or a stack overflow: graphql-js words the error.
    return undefined;
  }
}

interface Root {
  readonly head: string;
  readonly shape: Shape;
}

function rootOf(scope: SelectionScope, operation: OperationDefinitionNode, slots: CommonSlots): Root | undefined {
  const type = scope.schema.getRootType(operation.operation);
  const [root, second] = (type && collectFields(scope, type, [operation.selectionSet])) ?? [];
  if (!type || !root || second) return undefined;
  const [key, nodes] = root;
  const field = type.getFields()[nodes[0].name.value];
  if (!field) return undefined;
  getArgumentValues(field, nodes[0], scope.values);
  const shape = new ShapeCompiler(scope, slots).shape(field.type, nodes);
  return shape && { head: `{"data":{${JSON.stringify(key)}:`, shape };
}

// A sentinel: no leaf type accepts a symbol.
const thrown = Symbol("a resolver or a property threw");

class Walker {
  readonly #root: Root;
  // A walk has no GraphQLResolveInfo, so resolvers must not use `info` either.
  readonly #context = new Tripwire<object>();
  readonly #info = new Tripwire<GraphQLResolveInfo>();
  // Set when an event showed that this operation's resolvers or data cannot be walked: another attempt would call the
  // resolvers of each event twice.
  #disabled = false;

  constructor(root: Root) {
    this.#root = root;
  }

  walk(rootValue: unknown): string | undefined {
    if (this.#isDisabled) return undefined;
    const text = this.#attempt(rootValue);
    return this.#isDisabled || text === undefined ? undefined : `${this.#root.head}${text}}}`;
  }

  /** Whether a resolver used its context or info, in an attempt or later in a function that it has detached, too. */
  get #isDisabled(): boolean {
    return this.#disabled || this.#context.tripped || this.#info.tripped;
  }

  #attempt(rootValue: unknown): string | undefined {
    try {
      return this.#value(rootValue, this.#root.shape);
    } catch {
      return undefined;
    }
  }

  #value(value: unknown, shape: Shape): string | undefined {
    if (isObject(value)) return this.#object(value, shape);
    if (value === null || value === undefined) return shape.nullable ? "null" : undefined;
    if (typeof value === "function" || typeof value === "symbol" || shape.kind !== "leaf") return undefined;
    return shape.text(value);
  }

  #object(value: Source, shape: Shape): string | undefined {
    if (value instanceof Error) return undefined;
    if (isThenable(value)) {
      this.#disabled = true;
      silence(value);
      return undefined;
    }
    if (shape.kind === "object") return this.#fields(value, shape.slots, shape.end);
    return shape.kind === "list" ? this.#list(value, shape.item) : shape.text(value);
  }

  #list(value: object, shape: Shape): string | undefined {
    if (!Array.isArray(value) || value[Symbol.iterator] !== Array.prototype[Symbol.iterator]) return undefined;
    let text = "[";
    for (let index = 0; index < value.length; index++) {
      const item = this.#value(value[index], shape);
      if (item === undefined) {
        silenceAll(value);
        return undefined;
      }
      text += index === 0 ? item : `,${item}`;
    }
    return `${text}]`;
  }

  #fields(source: Source, slots: readonly Slot[], end: string): string | undefined {
    let text = "";
    for (const slot of slots) {
      const value = this.#value(this.#resolved(source, slot), slot.shape);
      if (value === undefined) {
        silenceAll(source);
        return undefined;
      }
      text += slot.before + value;
    }
    return text + end;
  }

  #resolved(source: Source, { resolve, name, args }: Slot): unknown {
    try {
      if (resolve === undefined) return source[name];
      return resolve(source, args, this.#context.value, this.#info.value);
    } catch {
      return thrown;
    }
  }
}

type Source = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Source {
  return typeof value === "object" && value !== null;
}
