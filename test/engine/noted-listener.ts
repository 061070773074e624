import type { Event, GapReason } from "../../src/contract/broker.ts";
import type { Listener } from "../../src/engine/hub/listener.ts";
import type { Match } from "../../src/declare/declaration.ts";
import type { Interest } from "../../src/engine/hub/match-index.ts";

/** A listener that writes down what it hears: payloads, `end`, `gap expired`. */
export class NotedListener implements Listener {
  readonly interest: Interest;
  readonly heard: unknown[] = [];

  constructor(match?: Match) {
    this.interest = { match, facets: undefined };
  }

  event(event: Event): void {
    this.heard.push(event.payload);
  }

  end(): void {
    this.heard.push("end");
  }

  gap(reason: GapReason): void {
    this.heard.push(`gap ${reason}`);
  }
}
