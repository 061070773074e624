import { SubscriptionClient as Client011 } from "subscriptions-transport-ws/dist/client.js";
import { SubscriptionClient as Client050 } from "subscriptions-transport-ws-0.5.0/dist/client.js";
import { SubscriptionClient as Client053 } from "subscriptions-transport-ws-0.5.3/dist/client.js";
import { SubscriptionClient as Client054 } from "subscriptions-transport-ws-0.5.4/dist/client.js";
import { SubscriptionClient as Client055 } from "subscriptions-transport-ws-0.5.5/dist/client.js";
import { SubscriptionClient as Client060 } from "subscriptions-transport-ws-0.6.0/dist/client.js";
import { SubscriptionClient as Client070 } from "subscriptions-transport-ws-0.7.0/dist/client.js";
import { SubscriptionClient as Client071 } from "subscriptions-transport-ws-0.7.1/dist/client.js";
import { SubscriptionClient as Client072 } from "subscriptions-transport-ws-0.7.2/dist/client.js";
import { SubscriptionClient as Client073 } from "subscriptions-transport-ws-0.7.3/dist/client.js";
import { SubscriptionClient as Client0919 } from "subscriptions-transport-ws-0.9/dist/client.js";
import { SubscriptionClient as Client095 } from "subscriptions-transport-ws-0.9.5/dist/client.js";
import { SubscriptionClient as Client096 } from "subscriptions-transport-ws-0.9.6/dist/client.js";
import { SubscriptionClient as Client097 } from "subscriptions-transport-ws-0.9.7/dist/client.js";
import { SubscriptionClient as Client010 } from "subscriptions-transport-ws-0.10.0/dist/client.js";
import type { Wire } from "../wire.ts";

/** A client with its default settings, and one subscription. Disposal closes it. */
export type Subscribed = (url: string, wire: Wire, query: string, next: (data: unknown) => void) => Disposable;

/** A version of subscriptions-transport-ws. */
export interface ClientVersion {
  readonly version: string;
  readonly subscribed: Subscribed;
}

/** Clients whose subscriptions have a handler: up to 0.8. */
type WithHandlers = new (
  url: string,
  options: object,
  webSocketImpl: Wire["webSocket"],
) => {
  subscribe(options: { query: string }, handler: (errors: unknown, data?: unknown) => void): unknown;
  close(): void;
};

/** Clients whose subscriptions are observables: from 0.9 on. */
type WithObservables = new (
  url: string,
  options: object,
  webSocketImpl: Wire["webSocket"],
) => {
  request(operation: { query: string }): {
    subscribe(observer: { next(result: { data?: unknown }): void }): unknown;
  };
  close(): void;
};

function byHandler(version: string, Client: WithHandlers): ClientVersion {
  return {
    version,
    subscribed(url, { webSocket }, query, next) {
      const client = new Client(url, {}, webSocket);
      client.subscribe({ query }, (_errors, data) => next(data));
      return { [Symbol.dispose]: () => client.close() };
    },
  };
}

function byObservable(version: string, Client: WithObservables): ClientVersion {
  return {
    version,
    subscribed(url, { webSocket }, query, next) {
      const client = new Client(url, {}, webSocket);
      client.request({ query }).subscribe({ next: ({ data }) => next(data) });
      return { [Symbol.dispose]: () => client.close() };
    },
  };
}

/**
 * The versions of which each behaves otherwise than the one before. 0.7 needs lodash, which it does not name. 0.8 is not
 * among them, since it installs its own development tools when it is installed: it has the timing of 0.9.5.
 */
export const everyVersion: readonly ClientVersion[] = [
  byHandler("0.5.0", Client050),
  byHandler("0.5.3", Client053),
  byHandler("0.5.4", Client054),
  byHandler("0.5.5", Client055),
  byHandler("0.6.0", Client060),
  byHandler("0.7.0", Client070),
  byHandler("0.7.1", Client071),
  byHandler("0.7.2", Client072),
  byHandler("0.7.3", Client073),
  byObservable("0.9.5", Client095),
  byObservable("0.9.6", Client096),
  byObservable("0.9.7", Client097),
  byObservable("0.9.19", Client0919),
  byObservable("0.10.0", Client010),
  byObservable("0.11.0", Client011),
];
