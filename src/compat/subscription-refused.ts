import type { GraphQLFormattedError } from "graphql";

/** A subscription could not be started, because its document is not valid or because its field refused it. */
export class SubscriptionRefused extends Error {
  readonly errors: readonly GraphQLFormattedError[];

  constructor(errors: readonly GraphQLFormattedError[]) {
    super("Subscription query has validation errors");
    this.name = "SubscriptionRefused";
    this.errors = errors;
  }
}
