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
import { IntrospectionSize } from "./introspection-size.ts";
import { limitError, overLimits, resolveDocumentLimits, type DocumentLimits } from "./limits.ts";

/** Options of {@link DocumentChecker}. */
export interface DocumentCheckOptions {
  /** Limits that differ from {@link defaultDocumentLimits}. */
  readonly limits?: Partial<DocumentLimits>;
  /** False: `__schema` and `__type` are refused, and messages have no "Did you mean". Default: true. */
  readonly introspection?: boolean;
  /** True: a subscription must have exactly one root field and no fragment beside it. Default: false. */
  readonly strictRootField?: boolean;
  /** Validation rules in addition to those of graphql-js. Default: none. */
  readonly rules?: readonly ValidationRule[];
}

const maxErrors = 20;
const tokenLimitReached = /tokens\. Parsing aborted\.$/;

/** Parses and validates documents, cheap checks first: characters, tokens, the other limits, validation. Stateless. */
export class DocumentChecker {
  readonly #schema: GraphQLSchema;
  readonly #limits: DocumentLimits;
  readonly #introspectionSize: IntrospectionSize;
  readonly #hideSuggestions: boolean;
  readonly #rules: readonly ValidationRule[];

  /** @throws FanfareError BAD_OPTION for a limit that is not a positive number. */
  constructor(schema: GraphQLSchema, options: DocumentCheckOptions) {
    const { introspection = true, strictRootField = false, rules = [] } = options;
    this.#schema = schema;
    this.#limits = resolveDocumentLimits(options.limits);
    this.#introspectionSize = new IntrospectionSize(schema);
    this.#hideSuggestions = !introspection;
    this.#rules = [
      ...(strictRootField ? [StrictRootFieldRule] : []),
      ...specifiedRules,
      ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
      ...rules,
    ];
  }

  /** The error of a source over the limit of `characters`. */
  tooLong(source: string): GraphQLError | undefined {
    const { characters } = this.#limits;
    return source.length > characters ? limitError("characters", characters, String(source.length)) : undefined;
  }

  /** @throws a GraphQLError with the code GRAPHQL_PARSE_FAILED, DOCUMENT_TOO_LARGE or LIMIT_EXCEEDED. */
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

  /** The errors of a document, at most 21: the last one then says that there are more. */
  validate(document: DocumentNode): readonly GraphQLError[] {
    try {
      const errors = overLimits(document, this.#limits, this.#introspectionSize);
      return errors.length > 0 ? errors : this.#validate(document);
    } catch (error) {
      return [asTooDeep(error)];
    }
  }

  #validate(document: DocumentNode): readonly GraphQLError[] {
    const options = { maxErrors, hideSuggestions: this.#hideSuggestions };
    return validate(this.#schema, document, this.#rules, options).map((error) =>
      // graphql-js 16 has no option `hideSuggestions`.
      withCode(error, "GRAPHQL_VALIDATION_FAILED", this.#hideSuggestions),
    );
  }
}

/** The error of a stack overflow, possible only without a limit of `tokens` or `depth`. Other errors are rethrown. */
function asTooDeep(error: unknown): GraphQLError {
  if (!(error instanceof RangeError)) throw error;
  return new GraphQLError("The document is nested too deeply to be read.", {
    extensions: { code: "LIMIT_EXCEEDED", limit: "depth" },
  });
}

/**
 * The rule of `subscriptions-transport-ws`, with its messages: exactly one root field in a subscription, and no
 * fragment beside it. The specification (5.2.3.1) allows fragments there.
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
