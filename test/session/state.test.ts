import { describe, expect, it } from "vitest";
import { closeCodes } from "../../src/base/close-code.ts";
import type { DialectRules } from "../../src/dialects/dialect.ts";
import { graphqlTransportWs } from "../../src/dialects/graphql-transport-ws.ts";
import { graphqlWs } from "../../src/dialects/graphql-ws.ts";
import { step, type SessionInput, type SessionState } from "../../src/session/state.ts";

const { rules } = graphqlTransportWs();
const request = { query: "{ hi }" };
const payload = { a: 1 };

function message(sent: Extract<SessionInput, { type: "message" }>["message"]): SessionInput {
  return { type: "message", message: sent, isRunning: (id) => id === "taken" };
}

const inputs = {
  init: message({ type: "init", payload }),
  ping: message({ type: "ping", payload }),
  pong: message({ type: "pong", payload }),
  subscribe: message({ type: "subscribe", id: "free", request }),
  "subscribe with a taken id": message({ type: "subscribe", id: "taken", request }),
  complete: message({ type: "complete", id: "taken" }),
  "complete of no operation": message({ type: "complete", id: "free" }),
  invalid: message({ type: "invalid", reason: "Not JSON" }),
  accepted: { type: "accepted", payload },
  refused: { type: "refused", reason: "No entry" },
  late: { type: "late" },
  closed: { type: "closed" },
  terminate: message({ type: "terminate" }),
} as const satisfies Readonly<Record<string, SessionInput>>;

type Row = Readonly<Record<SessionState, string>>;

/** What a session does, and the state it is in afterwards; `=` is nothing and the same state. */
const table: Readonly<Record<keyof typeof inputs, Row>> = {
  init: { open: "connect, connecting", connecting: "close 4429", ready: "close 4429", closed: "=" },
  ping: { open: "pong, open", connecting: "pong, connecting", ready: "pong, ready", closed: "=" },
  pong: { open: "=", connecting: "=", ready: "=", closed: "=" },
  subscribe: { open: "close 4401", connecting: "close 4401", ready: "start free, ready", closed: "=" },
  "subscribe with a taken id": { open: "close 4401", connecting: "close 4401", ready: "close 4409", closed: "=" },
  complete: { open: "stop taken, open", connecting: "stop taken, connecting", ready: "stop taken, ready", closed: "=" },
  "complete of no operation": {
    open: "stop free, open",
    connecting: "stop free, connecting",
    ready: "stop free, ready",
    closed: "=",
  },
  invalid: { open: "close 4400", connecting: "close 4400", ready: "close 4400", closed: "=" },
  accepted: { open: "=", connecting: "acknowledge, ready", ready: "=", closed: "=" },
  refused: { open: "refuse 4403", connecting: "refuse 4403", ready: "refuse 4403", closed: "=" },
  late: { open: "close 4408", connecting: "close 4408", ready: "=", closed: "=" },
  terminate: { open: "close 1000", connecting: "close 1000", ready: "close 1000", closed: "=" },
  closed: { open: "none, closed", connecting: "none, closed", ready: "none, closed", closed: "=" },
};

const states = ["open", "connecting", "ready", "closed"] as const satisfies SessionState[];
const combinations = Object.entries(table).flatMap(([name, row]) =>
  states.map((state) => ({ state, name, expected: row[state] })),
);

function inputOf(name: string): SessionInput {
  const found = Object.entries(inputs).find(([key]) => key === name);
  if (!found) throw new TypeError(`No input ${name}`);
  return found[1];
}

function shown(state: SessionState, input: SessionInput, by: DialectRules = rules): string {
  const [next, effect] = step(state, input, by);
  if (effect.type === "none" && next === state) return "=";
  if (effect.type === "close" || effect.type === "refuse")
    return next === "closed" ? `${effect.type} ${effect.code.code}` : `${next} after a ${effect.type}`;
  return `${effect.type}${"id" in effect ? ` ${effect.id}` : ""}, ${next}`;
}

describe("A session", () => {
  it.each(combinations)("that is $state answers $name with: $expected", ({ state, name, expected }) => {
    expect(shown(state, inputOf(name))).toBe(expected);
  });

  it("hands payloads, requests and reasons on as they are", () => {
    expect(step("open", inputs.init, rules)[1]).toEqual({ type: "connect", payload });
    expect(step("open", inputs.ping, rules)[1]).toEqual({ type: "pong", payload });
    expect(step("connecting", inputs.accepted, rules)[1]).toEqual({ type: "acknowledge", payload });
    expect(step("ready", inputs.subscribe, rules)[1]).toEqual({ type: "start", id: "free", request });
    expect(step("ready", inputs.invalid, rules)[1]).toMatchObject({ reason: "Not JSON" });
    expect(step("connecting", inputs.refused, rules)[1]).toMatchObject({ reason: "No entry" });
  });

  it("gives the reason of the table of close codes where there is none of its own", () => {
    expect(step("ready", inputs.init, rules)[1]).toMatchObject({ reason: closeCodes.tooMany.reason });
    expect(step("open", inputs.subscribe, rules)[1]).toMatchObject({ reason: closeCodes.unauthorized.reason });
    expect(step("open", inputs.late, rules)[1]).toMatchObject({ reason: closeCodes.initTimeout.reason });
  });

  it("names the operation whose id is in use, as stock servers do", () => {
    expect(step("ready", inputs["subscribe with a taken id"], rules)[1]).toMatchObject({
      reason: "Subscriber for taken already exists",
    });
  });

  it("of an older dialect starts and answers where a newer one closes", () => {
    const old = graphqlWs().rules;
    expect(shown("open", inputs.subscribe, old)).toBe("start free, open");
    expect(shown("connecting", inputs.subscribe, old)).toBe("start free, connecting");
    expect(shown("ready", inputs["subscribe with a taken id"], old)).toBe("start taken, ready");
    expect(step("ready", inputs.invalid, old)[1]).toEqual({ type: "answer", id: undefined, reason: "Not JSON" });
    expect(shown("connecting", inputs.refused, old)).toBe("refuse 1011");
    expect(shown("ready", inputs.init, old)).toBe("close 4429");
  });
});
