import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
  type ASTVisitor,
  type DocumentNode,
  type GraphQLSchema,
  type ValidationContext,
  type ValidationRule,
} from "graphql";
import { withCode } from "./error.ts";
import { limitError, overLimits, resolveDocumentLimits, type DocumentLimits } from "./limits.ts";

export interface DocumentCheckOptions {
  readonly limits?: Partial<DocumentLimits>;
  /** False refuses `__schema` and `__type`, and takes "Did you mean" out of every message. Default true. */
  readonly introspection?: boolean;
  /** True allows a subscription exactly one root field and no fragment beside it. Default false. */
  readonly strictRootField?: boolean;
  /** Validation rules besides graphql-js's own. Default none. */
  readonly rules?: readonly ValidationRule[];
}

const maxErrors = 20;
const tokenLimitReached = /tokens\. Parsing aborted\.$/;

/** Reads and checks documents, cheap checks first: characters, tokens, the other limits, validation. Keeps nothing. */
export class DocumentChecker {
  readonly #schema: GraphQLSchema;
  readonly #limits: DocumentLimits;
  readonly #hideSuggestions: boolean;
  readonly #rules: readonly ValidationRule[];

  /** Throws BAD_OPTION for a limit that is not a positive number. */
  constructor(schema: GraphQLSchema, options: DocumentCheckOptions) {
    const { introspection = true, strictRootField = false, rules = [] } = options;
    this.#schema = schema;
    this.#limits = resolveDocumentLimits(options.limits);
    this.#hideSuggestions = !introspection;
    this.#rules = [
      ...(strictRootField ? [StrictRootFieldRule] : []),
      ...specifiedRules,
      ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
      ...rules,
    ];
  }

  /** Whether a source is too long to be worth any work. */
  tooLong(source: string): GraphQLError | undefined {
    const { characters } = this.#limits;
    return source.length > characters ? limitError("characters", characters, String(source.length)) : undefined;
  }

  /** Throws a GraphQLError with a code when the source cannot be read. */
  parse(source: string): DocumentNode {
    const { tokens } = this.#limits;
    try {
      return parse(source, { maxTokens: tokens });
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw asTooDeep(error);
      throw tokenLimitReached.test(error.message)
        ? limitError("tokens", tokens, `more than ${tokens}`)
        : withCode(error, "GRAPHQL_PARSE_FAILED");
    }
  }

  /** At most 21 errors: the last of them then says that there are more. */
  validate(document: DocumentNode): readonly GraphQLError[] {
    try {
      const errors = overLimits(document, this.#limits);
      return errors.length > 0 ? errors : this.#validate(document);
    } catch (error) {
      return [asTooDeep(error)];
    }
  }

  #validate(document: DocumentNode): readonly GraphQLError[] {
    const options = { maxErrors, hideSuggestions: this.#hideSuggestions };
    return validate(this.#schema, document, this.#rules, options).map((error) =>
      // graphql-js 16 does not know `hideSuggestions`.
      withCode(error, "GRAPHQL_VALIDATION_FAILED", this.#hideSuggestions),
    );
  }
}

/** Nesting exhausts the stack only where `tokens` or `depth` are turned off; anything else is a defect and is thrown. */
function asTooDeep(error: unknown): GraphQLError {
  if (!(error instanceof RangeError)) throw error;
  return new GraphQLError("The document is nested too deeply to be read.", {
    extensions: { code: "LIMIT_EXCEEDED", limit: "depth" },
  });
}

/**
 * The stricter rule of the first Apollo subscriptions server, in its words: exactly one root field in a subscription,
 * and no fragments beside it. The specification (5.2.3.1) allows fragments there.
 */
function StrictRootFieldRule(context: ValidationContext): ASTVisitor {
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
