import type { Broker, TopicName } from "../../contract/broker.ts";
import type { Excuse } from "../contract-suite.ts";

/** A broker that has to keep the contract, and what may be done to its server. */
export interface BrokerContractOptions {
  /** Shown with the cases. */
  readonly name: string;
  /** What the broker should say that it supports; it decides which cases run. */
  readonly supports: Broker["supports"];
  /** Makes a broker and does not open it. Where it crosses processes, each call makes one more on the same server. */
  create(): Broker | Promise<Broker>;
  /** Cuts the broker's link to its server and resolves with what heals it. */
  breakLink?(broker: Broker): Promise<() => void | Promise<void>>;
  /** Makes the server forget all of a topic, as after a restart without its data. */
  forget?(topic: TopicName): Promise<void>;
  /** Makes the server forget a topic's newest events and count on from there, as after a restore of a backup. */
  loseTail?(topic: TopicName, events: number): Promise<void>;
  /** A broker that has surely forgotten a topic's first event when `events` more were published. */
  readonly short?: { create(): Broker | Promise<Broker>; readonly events: number };
  /** Set where the broker looks at the fence that comes with a publish. */
  readonly fences?: true;
  /** How long to wait for something that must happen, in milliseconds; 4,000 by default. */
  readonly patience?: number;
  /** Cases that this broker cannot pass, each with the reason in words. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/** Options without which a case has nothing to do. */
export type Need = "breakLink" | "fences" | "forget" | "loseTail" | "short";
