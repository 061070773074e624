import type { Fanfare } from "fanfare";
import type { CarStore } from "./car-store.ts";
import type { MessageStore } from "./message-store.ts";

/** What the resolvers work with. */
export interface Context {
  readonly cars: CarStore;
  readonly messages: MessageStore;
  readonly publish: Fanfare["publish"];
}
