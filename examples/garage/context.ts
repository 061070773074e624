import type { CarStore } from "./car-store.ts";
import type { MessageStore } from "./message-store.ts";

/** What the resolvers work with. None of them publishes: the database tells what is committed to it. */
export interface Context {
  readonly cars: CarStore;
  readonly messages: MessageStore;
}
