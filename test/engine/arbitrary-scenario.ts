import * as fc from "fast-check";
import { parse, printSchema, type DocumentNode } from "graphql";
import { inspect } from "node:util";
import { drawDocument } from "./arbitrary-document.ts";
import { drawSchema, type SchemaOptions, type SchemaPlan } from "./arbitrary-schema.ts";
import { drawValue } from "./arbitrary-value.ts";
import { Draw } from "./draw.ts";

export interface ScenarioOptions extends SchemaOptions {
  /** In how many of a hundred places of an event something stands that does not belong there. */
  readonly oddity: number;
  /** How many events there are. */
  readonly events: number;
}

/** A schema, a valid subscription to its field `event`, and values for that field. */
export class Scenario {
  readonly plan: SchemaPlan;
  readonly source: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly events: readonly unknown[];

  constructor(draw: Draw, options: ScenarioOptions) {
    this.plan = drawSchema(draw, options);
    ({ source: this.source, variables: this.variables } = drawDocument(draw, this.plan));
    this.events = draw.times(options.events, () => drawValue(draw, this.plan, this.plan.root, options.oddity));
  }

  get document(): DocumentNode {
    return parse(this.source);
  }

  /** How fast-check prints it. */
  [fc.toStringMethod](): string {
    const resolvers = [...this.plan.fields].flatMap(([type, fields]) =>
      fields.map(({ name, kind }) => `${type}.${name}: ${kind}`),
    );
    const parts = [printSchema(this.plan.schema), resolvers.join("\n"), this.source, inspect(this.variables)];
    return [...parts, inspect(this.events, { depth: 10 })].join("\n\n");
  }
}

export function scenarios(options: ScenarioOptions): fc.Arbitrary<Scenario> {
  return fc.gen().map((generate) => new Scenario(new Draw(generate), options));
}
