/** What is used of a `PubSubEngine` (graphql-subscriptions 1 to 3, graphql-redis-subscriptions and its kin). */
export interface PubSubEngineLike {
  publish(trigger: string, payload: unknown): unknown;
  /** Resolves with what `unsubscribe` takes, when the handler is really live. */
  subscribe(trigger: string, handler: (payload: unknown) => void, options: object): Promise<unknown>;
  unsubscribe(id: unknown): unknown;
}
