import { closeCodes, type CloseCode } from "../base/close-code.ts";
import type { DialectRules } from "../dialects/dialect.ts";
import type { ClientMessage, MessagePayload, OperationRequest } from "../dialects/message.ts";

/**
 * The state of a session. `open`: waits for the init message. `connecting`: `onConnect` runs. `ready`: acknowledged.
 * `closed`.
 */
export type SessionState = "open" | "connecting" | "ready" | "closed";

/** An input of the state machine. */
export type SessionInput =
  | { readonly type: "message"; readonly message: ClientMessage; readonly isRunning: (operationId: string) => boolean }
  | { readonly type: "accepted"; readonly payload: MessagePayload | undefined }
  | { readonly type: "refused"; readonly reason: string }
  | { readonly type: "late" }
  | { readonly type: "closed" };

/** An output of the state machine, which the session carries out. */
export type SessionEffect =
  | { readonly type: "none" }
  | { readonly type: "connect"; readonly payload: MessagePayload | undefined }
  | { readonly type: "acknowledge"; readonly payload: MessagePayload | undefined }
  | { readonly type: "pong"; readonly payload: MessagePayload | undefined }
  | { readonly type: "start"; readonly id: string; readonly request: OperationRequest }
  | { readonly type: "stop"; readonly id: string }
  | { readonly type: "answer"; readonly id: string | undefined; readonly reason: string }
  | { readonly type: "refuse"; readonly code: CloseCode; readonly reason: string }
  | { readonly type: "close"; readonly code: CloseCode; readonly reason: string };

/** The next state, and the effect. */
export type SessionStep = readonly [SessionState, SessionEffect];

const nothing: SessionEffect = { type: "none" };

/** The transition function of a session's state machine, by its dialect's rules and PROTOCOL 2 to 4. Pure. */
export function step(state: SessionState, input: SessionInput, rules: DialectRules): SessionStep {
  if (state === "closed") return [state, nothing];
  switch (input.type) {
    case "message":
      return onMessage(state, input.message, input.isRunning, rules);
    case "accepted":
      return state === "connecting" ? ["ready", { type: "acknowledge", payload: input.payload }] : [state, nothing];
    case "refused":
      return ["closed", { type: "refuse", code: rules.refused, reason: input.reason }];
    case "late":
      return state === "ready" ? [state, nothing] : close(closeCodes.initTimeout);
    case "closed":
      return ["closed", nothing];
  }
}

function onMessage(
  state: SessionState,
  message: ClientMessage,
  isRunning: (id: string) => boolean,
  rules: DialectRules,
): SessionStep {
  switch (message.type) {
    case "init":
      if (state !== "open") return close(closeCodes.tooMany);
      return ["connecting", { type: "connect", payload: message.payload }];
    case "ping":
      return [state, { type: "pong", payload: message.payload }];
    case "pong":
      return [state, nothing];
    case "subscribe": {
      const { id, request } = message;
      if (state !== "ready" && rules.early === "close") return close(closeCodes.unauthorized);
      if (rules.duplicate === "close" && isRunning(id))
        return close(closeCodes.duplicateOperation, `Subscriber for ${id} already exists`);
      return [state, { type: "start", id, request }];
    }
    case "complete":
      return [state, { type: "stop", id: message.id }];
    case "terminate":
      return close(closeCodes.normal);
    case "invalid":
      if (rules.invalid === "close") return close(closeCodes.badRequest, message.reason);
      return [state, { type: "answer", id: message.id, reason: message.reason }];
  }
}

function close(code: CloseCode, reason: string = code.reason): SessionStep {
  return ["closed", { type: "close", code, reason }];
}
