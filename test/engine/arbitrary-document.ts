import { leafNames, type FieldPlan, type SchemaPlan } from "./arbitrary-schema.ts";
import type { Draw } from "./draw.ts";

export interface DocumentPlan {
  readonly source: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface VariablePlan {
  readonly definition: string;
  /** What a client may send; undefined is a variable left out. */
  readonly values: readonly unknown[];
}

const variablePlans = new Map<string, VariablePlan>([
  ["yes", { definition: "$yes: Boolean!", values: [true] }],
  ["no", { definition: "$no: Boolean!", values: [false] }],
  ["perhaps", { definition: "$perhaps: Boolean! = true", values: [undefined, true, false] }],
  ["count", { definition: "$count: Int", values: [undefined, null, 1, -5] }],
  ["given", { definition: "$given: Int = 3", values: [undefined, null, 4] }],
  ["text", { definition: "$text: String", values: [undefined, null, "", 'a "quoted" text'] }],
  [
    "input",
    {
      definition: "$input: In",
      values: [undefined, null, {}, { a: 1 }, { a: null, b: ["x", null] }, { b: "y" }],
    },
  ],
]);

/** A valid subscription to `event`: aliases, arguments, fragments of every kind, `@skip` and `@include`. */
export function drawDocument(draw: Draw, plan: SchemaPlan): DocumentPlan {
  return new DocumentDrawing(draw, plan).document();
}

/** Variables for a document that was drawn here. */
export function drawVariables(draw: Draw, source: string): DocumentPlan["variables"] {
  const sent = variablesIn(source).map(([name, { values }]) => [name, draw.pick(values)] as const);
  return Object.fromEntries(sent.filter(([, value]) => value !== undefined));
}

function variablesIn(source: string): [string, VariablePlan][] {
  return [...variablePlans].filter(([name]) => source.includes(`$${name}`));
}

class DocumentDrawing {
  readonly #draw: Draw;
  readonly #plan: SchemaPlan;
  readonly #fragments = new Map<string, { on: string; text: string; depth: number }>();
  readonly #arguments = new Map<string, string>();
  #fields = 0;

  constructor(draw: Draw, plan: SchemaPlan) {
    this.#draw = draw;
    this.#plan = plan;
  }

  document(): DocumentPlan {
    // A condition on the root field could leave nothing to subscribe to, and graphql-js 17 refuses it.
    const body = this.#rooted(this.#field(this.#plan.root, 0, ""));
    const fragments = [...this.#fragments].map(([name, { on, text }]) => `fragment ${name} on ${on} ${text}`);
    const text = [body, ...fragments].join("\n");
    const definitions = variablesIn(text).map(([, { definition }]) => definition);
    return {
      source: `subscription S${definitions.length > 0 ? `(${definitions.join(", ")})` : ""} ${text}`,
      variables: drawVariables(this.#draw, text),
    };
  }

  #rooted(field: string): string {
    switch (this.#draw.count(0, 4)) {
      case 4:
        this.#fragments.set("Root", { on: "Subscription", text: `{ ${field} }`, depth: 0 });
        return "{ ...Root }";
      case 3:
        return `{ ... on Subscription { ${field} } }`;
      default:
        return `{ ${field} }`;
    }
  }

  #selectionSet(type: string, depth: number): string {
    const selections = this.#draw.times(this.#draw.count(1, 4), () => this.#selection(type, depth));
    return `{ ${selections.join(" ")} }`;
  }

  #selection(type: string, depth: number): string {
    const fields = this.#fieldsOf(type).filter((field) => depth < 4 || this.#isLeaf(field));
    const kind = this.#draw.count(0, 9);
    if (fields.length === 0 || kind === 0) return `__typename${this.#conditions()}`;
    if (kind <= 6 || this.#fields > 40) return this.#field(this.#draw.pick(fields), depth, this.#conditions());
    return kind === 7 ? this.#inlineFragment(type, depth) : this.#spread(type, depth);
  }

  #field(field: FieldPlan, depth: number, conditions: string): string {
    this.#fields++;
    const alias = this.#draw.chance(30) ? `${field.alias}: ` : "";
    // Without the alias no arguments, with it always the same: fields of one name must ask the same.
    const args = field.args && alias !== "" ? this.#argumentsOf(field) : "";
    const below = this.#isLeaf(field) ? "" : ` ${this.#selectionSet(field.type.name, depth + 1)}`;
    return `${alias}${field.name}${args}${conditions}${below}`;
  }

  #argumentsOf(field: FieldPlan): string {
    const known = this.#arguments.get(field.name);
    if (known !== undefined) return known;
    const given = [
      ["n: 1", "n: null", "n: $count", "n: $given", ""],
      ['s: "x"', 's: """block"""', "s: null", "s: $text", ""],
      ["o: {}", 'o: { b: ["z"] }', "o: $input", "o: { a: $count }", ""],
    ].flatMap((candidates) => this.#draw.pick(candidates) || []);
    const text = given.length > 0 ? `(${given.join(", ")})` : "";
    this.#arguments.set(field.name, text);
    return text;
  }

  #inlineFragment(type: string, depth: number): string {
    const on = this.#draw.pick([undefined, ...this.#overlapping(type)]);
    const condition = on === undefined ? "" : ` on ${on}`;
    return `...${condition}${this.#conditions()} ${this.#selectionSet(on ?? type, depth)}`;
  }

  #spread(type: string, depth: number): string {
    const types = this.#overlapping(type);
    const reusable = [...this.#fragments].filter(
      ([, fragment]) => types.includes(fragment.on) && fragment.depth >= depth,
    );
    const [name] =
      reusable.length > 0 && this.#draw.chance(60) ? this.#draw.pick(reusable) : [this.#fragment(types, depth)];
    return `...${name}${this.#conditions()}`;
  }

  #fragment(types: readonly string[], depth: number): string {
    const on = this.#draw.pick(types);
    // Written before it gets its name, so that it cannot contain itself.
    const text = this.#selectionSet(on, depth);
    const name = `F${this.#fragments.size}`;
    this.#fragments.set(name, { on, text, depth });
    return name;
  }

  #conditions(): string {
    if (!this.#draw.chance(25)) return "";
    const condition = () => this.#draw.pick(["true", "false", "$yes", "$no", "$perhaps"]);
    const skip = `@skip(if: ${condition()})`;
    const include = `@include(if: ${condition()})`;
    return ` ${this.#draw.pick([skip, include, `${skip} ${include}`])}`;
  }

  #fieldsOf(type: string): readonly FieldPlan[] {
    return this.#plan.fields.get(type) ?? [];
  }

  #isLeaf(field: FieldPlan): boolean {
    return leafNames.includes(field.type.name);
  }

  /** The types that a fragment inside `type` may be on. */
  #overlapping(type: string): readonly string[] {
    const objects = this.#plan.possible.get(type) ?? [];
    return [...this.#plan.possible]
      .filter(([, others]) => others.some((other) => objects.includes(other)))
      .map(([name]) => name);
  }
}
