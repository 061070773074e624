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
import { isThenable, silence } from "../../base/thenable.ts";
import { read, Reads, Thrown, type Source } from "./reads.ts";
import { Tripwire } from "../context-guard.ts";
import type { VariableValues } from "../selection/selection.ts";

/**
 * Writes the result for one event. `rootValue` is the result of the root field's resolver. The text is byte for byte
 * the JSON.stringify of graphql-js's result. Undefined at anything beyond the happy path (an error, a null in a
 * non-null place, a promise, a function, a resolver that uses its context): then graphql-js has to execute this event.
 * Never throws.
 *
 * `giveUp` is called with what the walk has read of the event, if it has begun.
 */
export type Walk = (rootValue: unknown, giveUp?: (reads: Reads) => void) => string | undefined;

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
    return (rootValue, giveUp) => walker.walk(rootValue, giveUp);
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

// The values that walks have read, in the order of their slots. Walks of all servers share it, one above the other: a
// resolver may publish, so that another walk begins before this one is done.
const log: unknown[] = [];
let top = 0;
/** Places of the log that are kept between walks: to clear them each time would cost more than to write them. */
const maxKept = 1_024;

class Walker {
  readonly #root: Root;
  // A walk has no GraphQLResolveInfo, so resolvers must not use `info` either. Undefined until a resolver is called.
  #context: Tripwire<object> | undefined;
  #info: Tripwire<GraphQLResolveInfo> | undefined;
  // Set when an event showed that this operation's resolvers or data cannot be walked: another attempt would call the
  // resolvers of each event twice.
  #disabled = false;
  /** The number of resolvers of which results are being written: graphql-js calls these again, and has other results. */
  #resolvers = 0;

  constructor(root: Root) {
    this.#root = root;
  }

  walk(rootValue: unknown, giveUp: ((reads: Reads) => void) | undefined): string | undefined {
    if (this.#isDisabled) return undefined;
    const start = top;
    const resolvers = this.#resolvers;
    this.#resolvers = 0;
    const text = this.#attempt(rootValue);
    const done = !this.#isDisabled && text !== undefined;
    if (!done) giveUp?.(new Replay(log.slice(start, top)).of(rootValue, this.#root.shape));
    top = start;
    if (log.length > maxKept) log.length = start;
    this.#resolvers = resolvers;
    return done ? `${this.#root.head}${text}}}` : undefined;
  }

  /** Whether a resolver used its context or info, in an attempt or later in a function that it has detached, too. */
  get #isDisabled(): boolean {
    return this.#disabled || (this.#context?.tripped ?? false) || (this.#info?.tripped ?? false);
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
    if (value instanceof Error || value instanceof Thrown) return undefined;
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
        value.forEach(silence);
        return undefined;
      }
      text += index === 0 ? item : `,${item}`;
    }
    return `${text}]`;
  }

  #fields(source: Source, slots: readonly Slot[], end: string): string | undefined {
    let text = "";
    for (const slot of slots) {
      const value = slot.resolve ? this.#ofResolver(source, slot, slot.resolve) : this.#ofProperty(source, slot);
      if (value === undefined) {
        if (this.#resolvers > 0) silenceSelected(source, slots);
        return undefined;
      }
      text += slot.before + value;
    }
    return text + end;
  }

  #ofProperty(source: Source, { name, shape }: Slot): string | undefined {
    const value = read(source, name);
    if (this.#resolvers === 0) log[top++] = value;
    return this.#value(value, shape);
  }

  #ofResolver(source: Source, { args, shape }: Slot, resolve: Resolver): string | undefined {
    this.#resolvers += 1;
    const value = this.#call(resolve, source, args);
    const text = this.#value(value, shape);
    this.#resolvers -= 1;
    return text;
  }

  #call(resolve: Resolver, source: Source, args: Slot["args"]): unknown {
    this.#context ??= new Tripwire();
    this.#info ??= new Tripwire();
    try {
      return resolve(source, args, this.#context.value, this.#info.value);
    } catch (error) {
      return new Thrown(error);
    }
  }
}

/** Goes the way of a walk again, up to the place where it gave up, with the values that it has read. */
class Replay {
  readonly #values: readonly unknown[];
  readonly #reads = new Reads();
  #next = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  of(rootValue: unknown, shape: Shape): Reads {
    this.#value(rootValue, shape);
    return this.#reads;
  }

  #value(value: unknown, shape: Shape): void {
    if (this.#isOver || !isObject(value)) return;
    if (shape.kind === "object") this.#fields(value, shape.slots);
    else if (shape.kind === "list" && Array.isArray(value)) for (const item of value) this.#value(item, shape.item);
  }

  #fields(source: Source, slots: readonly Slot[]): void {
    for (const { name, resolve, shape } of slots) {
      if (this.#isOver) return;
      if (resolve) continue;
      const value = this.#values[this.#next];
      this.#next += 1;
      this.#reads.add(source, name, value);
      this.#value(value, shape);
    }
  }

  get #isOver(): boolean {
    return this.#next >= this.#values.length;
  }
}

type Resolver = NonNullable<Slot["resolve"]>;

function isObject(value: unknown): value is Source {
  return typeof value === "object" && value !== null;
}

/**
 * Handles rejections in a resolver's result that is abandoned, where graphql-js would have handled them. Getters are not
 * called.
 */
function silenceSelected(source: Source, slots: readonly Slot[]): void {
  for (const { name } of slots) silence(Object.getOwnPropertyDescriptor(source, name)?.value);
}
