import type { OperationDefinitionNode } from "graphql";
import type { Event, TopicName } from "../../contract/broker.ts";

/** Where something failed, for the log. */
export interface Place {
  /** The id of the connection. */
  readonly session?: string | undefined;
  /** The coordinate of the subscription field. */
  readonly field?: string | undefined;
  /** The operation's name in its document. */
  readonly operation?: string | undefined;
  readonly topic?: TopicName | undefined;
}

/** A plan, or a query or mutation, which has no single field. */
export interface Placed {
  readonly fieldName?: string;
  readonly operation?: OperationDefinitionNode;
  /** The operation's name where its document is not at hand. */
  readonly operationName?: string | undefined;
}

export function placeOf({ fieldName, operation, operationName }: Placed, event?: Event): Place {
  const name = operation?.name?.value ?? operationName;
  return {
    ...(fieldName && { field: `Subscription.${fieldName}` }),
    ...(name !== undefined && { operation: name }),
    // Values of a foreign source are events of no topic.
    ...(event && event.topic !== "" && { topic: event.topic }),
  };
}
