import * as graphql from "graphql";
import type { ExecutionResult, GraphQLFieldResolver, GraphQLSchema, OperationDefinitionNode } from "graphql";
import type { MaybePromise } from "../../declare/declaration.ts";
import type { Plan } from "../plan/plan.ts";

type ValidatedArgs = Extract<ReturnType<typeof graphql.validateSubscriptionArgs>, { readonly schema: GraphQLSchema }>;
type Subscription = ValidatedArgs["operation"];
type Errors = Exclude<ReturnType<typeof graphql.validateSubscriptionArgs>, ValidatedArgs>;

/** What an execution differs in from others of its plan. */
export interface EventArgs {
  readonly rootValue: unknown;
  readonly contextValue: unknown;
  readonly fieldResolver: GraphQLFieldResolver<unknown, unknown>;
}

/**
 * ExecuteSubscriptionEvent (spec 6.2.3.2) by graphql-js. graphql-js 17 takes variables that are coerced already, so that
 * they are coerced once per operation; graphql-js 16 has no such function, and coerces them for each event.
 */
export class EventExecutor {
  readonly #schema: GraphQLSchema;
  /** Arguments of graphql-js 17, without variables and without those of an event, by operation. */
  readonly #validated = new WeakMap<OperationDefinitionNode, ValidatedArgs | Errors>();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** @throws what graphql-js throws, for example for a schema that it does not take. */
  execute(plan: Plan, event: EventArgs): MaybePromise<ExecutionResult> {
    const { operation } = plan;
    if (!this.#takesCoerced || !isSubscription(operation)) return this.#executeRaw(plan, event);
    const validated = this.#validatedArgs(plan, operation);
    if (!("schema" in validated)) return { errors: validated };
    return graphql.executeSubscriptionEvent({ ...validated, variableValues: plan.variables, ...event });
  }

  /** graphql-js refuses a schema with the directives of incremental delivery only where it validates arguments. */
  get #takesCoerced(): boolean {
    const isIncremental = this.#schema.getDirective("defer") || this.#schema.getDirective("stream");
    return "executeSubscriptionEvent" in graphql && !isIncremental;
  }

  #executeRaw({ document, request }: Plan, event: EventArgs): MaybePromise<ExecutionResult> {
    return graphql.execute({
      schema: this.#schema,
      document: document.ast,
      variableValues: request.variables,
      operationName: request.operationName,
      ...event,
    });
  }

  #validatedArgs({ document, request }: Plan, operation: Subscription): ValidatedArgs | Errors {
    const known = this.#validated.get(operation);
    if (known) return known;
    const withoutVariables = { ...operation, variableDefinitions: [] };
    const definitions = document.ast.definitions.map((each) => (each === operation ? withoutVariables : each));
    const found = graphql.validateSubscriptionArgs({
      schema: this.#schema,
      document: { ...document.ast, definitions },
      operationName: request.operationName,
    });
    const validated = "schema" in found ? { ...found, document: document.ast, operation } : found;
    this.#validated.set(operation, validated);
    return validated;
  }
}

function isSubscription(operation: OperationDefinitionNode): operation is Subscription {
  return operation.operation === graphql.OperationTypeNode.SUBSCRIPTION;
}
