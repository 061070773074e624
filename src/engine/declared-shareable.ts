import { TypeInfo, visit, visitWithTypeInfo, type DocumentNode, type GraphQLSchema } from "graphql";
import { isShareable } from "../declare/shareable.ts";

/** The coordinates of a document's fields that were declared shareable: where to look when one of them was not. */
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
