export { errorCodes, FanfareError, type ErrorCode } from "./base/error.ts";
export type { Log } from "./contract/log.ts";
export type { FormattedResult } from "./contract/request-engine.ts";
export { memoryBroker, type MemoryBrokerOptions } from "./brokers/memory.ts";
export { pubSubEngineBroker } from "./brokers/pubsub-engine.ts";
export { declare, type Declare } from "./declaring.ts";
export type { OperationContext, OperationHandle } from "./declare/operation-handle.ts";
export type { PublishOptions, Topics } from "./declare/publish.ts";
export { createPublisher } from "./declare/publisher.ts";
export type { Overflow, QueueOptions } from "./declare/queue.ts";
export { command } from "./declare/command.ts";
export { shareable } from "./declare/shareable.ts";
export { SKIP, type Skip } from "./declare/skip.ts";
export type { Snapshot } from "./declare/declaration.ts";
export {
  subscription,
  type MatchOf,
  type SubscriptionField,
  type SubscriptionOptions,
} from "./declare/subscription.ts";
export { topic, Topic, type TopicFamily, type TopicLike } from "./declare/topic.ts";
export type { Trigger, TriggerDetails, TriggerFunction, Triggers } from "./declare/triggers.ts";
export { closeCodes } from "./base/close-code.ts";
export { graphqlSubscriptions, type GraphqlSubscriptionsOptions } from "./dialects/graphql-subscriptions.ts";
export { graphqlTransportWs, type GraphqlTransportWsOptions } from "./dialects/graphql-transport-ws.ts";
export { graphqlWs, type GraphqlWsOptions } from "./dialects/graphql-ws.ts";
export type { OperationRequest } from "./dialects/message.ts";
export { maskError } from "./engine/execution/error-format.ts";
export { createFanfare, Fanfare, type LocalRequest } from "./fanfare.ts";
export { consoleLog, silentLog } from "./observe/console-log.ts";
export type { FanfareOptions } from "./options.ts";
export type { ListenAddress, Served, ServingOptions } from "./serving.ts";
export type { Connection } from "./operation/connection.ts";
export type { ContextInput, SessionHooks } from "./operation/connection.ts";
