import type { OperationDefinitionNode } from "graphql";
import type { Event, TopicName } from "../../contract/broker.ts";
import { hasDeclaredResolver, type Arguments, type Declaration, type MaybePromise } from "../../declare/declaration.ts";
import type { OperationRequest } from "../../dialects/message.ts";
import type { Document } from "../document/document.ts";
import type { LentContext } from "../context-guard.ts";
import type { Interest } from "../hub/match-index.ts";
import type { QueueBound } from "../../declare/queue.ts";
import type { VariableValues } from "../selection/selection.ts";
import type { Formatting } from "./formatting.ts";
import type { ResolverWitness } from "./resolver-witness.ts";
import type { RootField } from "./root-field.ts";
import type { Walk } from "../walk/walk.ts";

/** The audience of a result: everyone, the operations with an equal `shareBy` key, or one session alone. */
export type Audience = "everyone" | "key" | "session";

/** Returns a fresh context for one execution. */
export type ContextSource = () => MaybePromise<unknown>;

/** Whether an operation gets an event: only with the answer `true`, whatever an application's filter may return. */
export type EventFilter = (event: Event, context: ContextSource) => unknown;

/** The part of a plan that a cohort needs: the events a subscription hears, and the bound of its queue. */
export interface Hearing {
  /** The plan key, equal for operations that share a cohort; undefined for an operation with a cohort of its own. */
  readonly key: string | undefined;
  /** The root field's name in the schema. */
  readonly fieldName: string;
  readonly args: Arguments;
  readonly topics: readonly TopicName[];
  readonly interest: Interest;
  readonly filter: EventFilter | undefined;
  /** Whether the filter depends on the topic, so that an event may pass in one of its topics and not in another. */
  readonly filtersByTopic: boolean;
  /** Makes the filter of one member once sharing is broken; undefined where `filter` is right for each member. */
  readonly filterAlone: (() => EventFilter) | undefined;
  /** The context that `filter` must not read while it is shared; undefined where the filter has access to none. */
  readonly lent: LentContext | undefined;
  /** Undefined for a field with a trigger or a `subscribe` of its own. */
  readonly declaration: Declaration | undefined;
  readonly queue: QueueBound;
  /** Undefined where another executor has the document. */
  readonly formatting: Formatting | undefined;
}

/** A compiled subscription operation. Operations with an equal key share one plan's results. */
export interface Plan extends Hearing {
  readonly audience: Audience;
  /** The reason why the audience is not everyone; undefined if it is. */
  readonly unshared: string | undefined;
  readonly document: Document;
  readonly operation: OperationDefinitionNode;
  readonly request: OperationRequest;
  /** Coerced. */
  readonly variables: VariableValues;
  /** The root field, whose resolver may be replaced while the subscription runs. */
  readonly field: RootField["field"];
  /** Tells whether the resolvers are those with which it was compiled; they may be replaced. */
  readonly witness: ResolverWitness;
  /** Writes results without graphql-js; undefined where graphql-js has to execute. */
  readonly walk: Walk | undefined;
}

/** See {@link rootOf}. */
export type Root = "value" | "event";

/**
 * The root value of a plan's executions. `value`: the result of the declaration's resolver, which runs before execution.
 * `event`: the payload, since the field has a resolver that is not the declaration's.
 */
export function rootOf(declaration: Declaration | undefined, field: RootField["field"]): Root {
  return declaration && hasDeclaredResolver(field) ? "value" : "event";
}
