export { GroupSubscriptions, type GroupField, type GroupOptions } from "./groups/group-subscriptions.ts";
export {
  SubscriptionManager,
  type ManagedSubscription,
  type ManagerOptions,
  type SubscriptionCallback,
} from "./subscription-manager.ts";
export { SubscriptionRefused } from "./subscription-refused.ts";
export { Subscription, type ClassPublisher, type FieldOptions, type SubscriptionClass } from "./subscription-class.ts";
export type { SetupFunction, SetupFunctions, SetupOptions } from "./setup-functions.ts";
