import { GraphQLSchema, visit, type DocumentNode } from "graphql";

/** The directives of incremental delivery, which a server is free to ignore: the result is delivered whole. */
const names: readonly string[] = ["defer", "stream"];

/** Whether a schema has `@defer` or `@stream`. graphql 17 executes no document on such a schema, whatever is in it. */
export function hasIncrementalDirectives(schema: GraphQLSchema): boolean {
  return names.some((name) => schema.getDirective(name));
}

/** The schema on which documents are executed: with the same types, and without `@defer` and `@stream`. */
export function withoutIncrementalDirectives(schema: GraphQLSchema): GraphQLSchema {
  if (!hasIncrementalDirectives(schema)) return schema;
  const config = schema.toConfig();
  return new GraphQLSchema({ ...config, directives: config.directives.filter(({ name }) => !names.includes(name)) });
}

/** A document that asks for whole results. It was validated with its directives, which may be all that use a variable. */
export function askingForWholeResults(document: DocumentNode): DocumentNode {
  return visit(document, {
    Directive: ({ name }) => (names.includes(name.value) ? null : undefined),
  });
}
