import type { GraphQLFieldResolver } from "graphql";
import type { LeafText } from "./leaf-text.ts";

/** What has to be written for one value: the selection, compiled against the schema and the variables. */
export type Shape =
  | { readonly kind: "leaf"; readonly nullable: boolean; readonly text: LeafText }
  | { readonly kind: "list"; readonly nullable: boolean; readonly item: Shape }
  | {
      readonly kind: "object";
      readonly nullable: boolean;
      readonly slots: readonly Slot[];
      readonly end: string;
    };

/** One field of an object: the text before its value, and how to get the value. */
export interface Slot {
  /** Everything since the value before it: brace or comma, constant fields, the quoted key and its colon. */
  readonly before: string;
  /** The property that graphql-js's default resolver reads, where there is no `resolve`. */
  readonly name: string;
  readonly resolve: GraphQLFieldResolver<unknown, unknown> | undefined;
  readonly args: Readonly<Record<string, unknown>>;
  readonly shape: Shape;
}
