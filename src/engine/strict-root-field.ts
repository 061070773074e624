import { GraphQLError, Kind, OperationTypeNode, type ASTVisitor, type ValidationContext } from "graphql";

/**
 * The stricter rule of the first Apollo subscriptions server, in its words: exactly one root field in a subscription,
 * and no fragments beside it. The specification (5.2.3.1) allows fragments there.
 */
export function StrictRootFieldRule(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return;
      const { selections } = operation.selectionSet;
      const fields = selections.filter((selection) => selection.kind === Kind.FIELD);
      if (fields.length < selections.length) {
        const message = "Apollo subscriptions do not support fragments on the root field";
        context.reportError(new GraphQLError(message, { nodes: operation }));
      }
      if (fields.length > 1) {
        const message = `Subscription "${operation.name?.value ?? ""}" must have only one field.`;
        context.reportError(new GraphQLError(message, { nodes: operation }));
      }
    },
  };
}
