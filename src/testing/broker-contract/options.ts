import type { Broker, TopicName } from "../../contract/broker.ts";
import type { Excuse } from "../contract-suite.ts";

/** A broker under test, and ways to disturb its server. */
export interface BrokerContractOptions {
  /** The broker's name in the titles of the cases. */
  readonly name: string;
  /** The expected `supports` of the broker, which selects the cases. */
  readonly supports: Broker["supports"];
  /** Creates a broker without opening it. If brokers cross processes, each call creates another on the same server. */
  create(): Broker | Promise<Broker>;
  /** Cuts the broker's link to its server; resolves with a function that restores it. */
  breakLink?(broker: Broker): Promise<() => void | Promise<void>>;
  /** Makes the server lose a topic's whole history, as after a restart without its data. */
  forget?(topic: TopicName): Promise<void>;
  /** Makes the server lose a topic's newest events and continue from there, as after a restore of a backup. */
  loseTail?(topic: TopicName, events: number): Promise<void>;
  /** Creates a broker that has dropped a topic's first event when `events` more were published. */
  readonly short?: { create(): Broker | Promise<Broker>; readonly events: number };
  /** Set if the broker checks the fencing token of a publish. */
  readonly fences?: true;
  /** The timeout of an expected event, in milliseconds. Default 4,000. */
  readonly patience?: number;
  /** Cases that this broker cannot pass, each with the reason. It must really fail them. */
  readonly excuses?: readonly Excuse[];
}

/** The options that a case can need. */
export type Need = "breakLink" | "fences" | "forget" | "loseTail" | "short";
