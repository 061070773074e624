export { groupHooks } from "./groups/group-subscriptions.ts";
export { GroupSubscriptions, type GroupField, type GroupOptions } from "./groups/group-subscriptions.ts";
export {
  SubscriptionManager,
  type ManagedSubscription,
  type ManagerOptions,
  type SubscriptionCallback,
} from "./subscription-manager.ts";
export { SubscriptionRefused } from "./subscription-manager.ts";
export { Subscription, type ClassPublisher, type FieldOptions, type SubscriptionClass } from "./subscription-class.ts";
export type { SetupFunction, SetupFunctions, SetupOptions } from "./setup-functions.ts";
export {
  ModelStreams,
  type ModelStreamsOptions,
  type StreamClient,
  type StreamRequest,
} from "./streams/model-streams.ts";
export type { StreamedModel, StreamOptions } from "./streams/model-stream.ts";
export type { StreamAction } from "./streams/stream-action.ts";
export type { StreamOperation } from "./streams/stream-action.ts";
export { streamTypes } from "./streams/stream-types.ts";
