import type { GraphQLFieldResolver } from "graphql";
import type { LeafText } from "./leaf-text.ts";

/** How a value is written: its selection, compiled against the schema and the variables. */
export type Shape =
  | { readonly kind: "leaf"; readonly nullable: boolean; readonly text: LeafText }
  | { readonly kind: "list"; readonly nullable: boolean; readonly item: Shape }
  | {
      readonly kind: "object";
      readonly nullable: boolean;
      readonly slots: readonly Slot[];
      readonly end: string;
    };

/** A field of an object: the text before its value, and how to resolve the value. */
export interface Slot {
  /** The text since the previous value: brace or comma, constant fields, the quoted key and its colon. */
  readonly before: string;
  /** The field's name: the property that graphql-js's default resolver reads if there is no `resolve`. */
  readonly name: string;
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  readonly args: Readonly<Record<string, unknown>>;
  readonly shape: Shape;
}
