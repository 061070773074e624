import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { DialectRules } from "../../src/dialects/dialect.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { graphqlWs } from "../../src/dialects/graphql-ws.ts";
import { step, type SessionInput, type SessionState } from "../../src/session/state.ts";

type Said =
  | "init"
  | "ping"
  | "pong"
  | "invalid"
  | "accepted"
  | "refused"
  | "late"
  | "closed"
  | `subscribe ${string}`
  | `complete ${string}`;

const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Said[]>("init", "accepted") },
  { weight: 6, arbitrary: fc.constantFrom<Said[]>("ping", "pong", "subscribe a", "subscribe b", "complete a") },
  { weight: 1, arbitrary: fc.constantFrom<Said[]>("complete b", "invalid", "refused", "late", "closed") },
);

/** Most lives begin as a well-behaved client's, or random input would never get past the door. */
const lives = fc
  .tuple(fc.constantFrom<Said[][]>([], ["init"], ["init", "accepted"]), fc.array(said, { maxLength: 30 }))
  .map(([beginning, rest]) => [...beginning, ...rest]);

/** A connection as PROTOCOL 2 to 4 tells it, in three facts and without a table of states. */
class Reference {
  readonly did: string[] = [];
  readonly running = new Set<string>();
  #greeted = false;
  #acknowledged = false;
  #over = false;
  readonly #rules: DialectRules;

  constructor(rules: DialectRules) {
    this.#rules = rules;
  }

  hear(what: Said): void {
    if (this.#over) return;
    const [verb, id = ""] = what.split(" ");
    if (verb === "closed") this.#over = true;
    else if (verb === "invalid") this.#invalid();
    else if (verb === "refused") this.#close(this.#rules.refused.code);
    else if (verb === "ping") this.did.push("pong");
    else if (verb === "init") this.#greet();
    else if (verb === "accepted") this.#acknowledge();
    else if (verb === "late" && !this.#acknowledged) this.#close(4408);
    else if (verb === "subscribe") this.#subscribe(id);
    else if (verb === "complete" && this.running.delete(id)) this.did.push(`stop ${id}`);
  }

  #greet(): void {
    if (this.#greeted) return this.#close(4429);
    this.#greeted = true;
    this.did.push("connect");
  }

  #acknowledge(): void {
    if (!this.#greeted || this.#acknowledged) return;
    this.#acknowledged = true;
    this.did.push("acknowledge");
  }

  #invalid(): void {
    if (this.#rules.invalid === "close") this.#close(4400);
    else this.did.push("answer undefined");
  }

  #subscribe(id: string): void {
    if (!this.#acknowledged && this.#rules.early === "close") return this.#close(4401);
    if (this.running.has(id) && this.#rules.duplicate === "close") return this.#close(4409);
    this.running.add(id);
    this.did.push(`start ${id}`);
  }

  #close(code: number): void {
    this.#over = true;
    this.did.push(`close ${code}`);
  }
}

/** The state machine, with the operations that its effects start and stop. */
class Machine {
  readonly did: string[] = [];
  #state: SessionState = "open";
  readonly #running = new Set<string>();
  readonly #rules: DialectRules;

  constructor(rules: DialectRules) {
    this.#rules = rules;
  }

  hear(what: Said): void {
    const [state, effect] = step(this.#state, this.#input(what), this.#rules);
    this.#state = state;
    if (effect.type === "start") this.#running.add(effect.id);
    // Stopping what does not run is ignored, PROTOCOL 3.7.
    if (effect.type === "none" || (effect.type === "stop" && !this.#running.delete(effect.id))) return;
    const detail = "code" in effect ? ` ${effect.code.code}` : "id" in effect ? ` ${effect.id}` : "";
    this.did.push(`${effect.type === "refuse" ? "close" : effect.type}${detail}`);
  }

  #input(what: Said): SessionInput {
    const isRunning = (id: string): boolean => this.#running.has(id);
    const [verb, id = ""] = what.split(" ");
    switch (verb) {
      case "accepted":
        return { type: "accepted", payload: undefined };
      case "refused":
        return { type: "refused", reason: "" };
      case "late":
        return { type: "late" };
      case "closed":
        return { type: "closed" };
      case "subscribe":
        return { type: "message", message: { type: "subscribe", id, request: { query: "" } }, isRunning };
      case "complete":
        return { type: "message", message: { type: "complete", id }, isRunning };
      case "init":
      case "ping":
      case "pong":
        return { type: "message", message: { type: verb, payload: undefined }, isRunning };
      default:
        return { type: "message", message: { type: "invalid", reason: "" }, isRunning };
    }
  }
}

it.each([graphqlTransportWs(), graphqlWs()])(
  "A session of $name does what the protocol says, whatever it hears in whatever order",
  ({ rules }) => {
    fc.assert(
      fc.property(lives, (life) => {
        const [machine, reference] = [new Machine(rules), new Reference(rules)];
        for (const what of life) {
          machine.hear(what);
          reference.hear(what);
        }
        expect(machine.did).toEqual(reference.did);
      }),
      { numRuns: 1_000 },
    );
  },
);
