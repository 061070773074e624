import { closeCodes } from "../base/close-code.ts";
import type { Dialect } from "./dialect.ts";
import { isObject, parseObject, type JsonObject } from "../base/json.ts";
import type { ClientMessage, ServerMessage } from "./message.ts";

/** Why a client's frame is refused: the `response_status` and the error of the answer. */
export interface FrameRefusal {
  readonly status: number;
  readonly reason: string;
}

/** A frame from a client. */
export interface StreamFrame {
  readonly stream: string;
  readonly action: string;
}

export const invalidAction: FrameRefusal = { status: 400, reason: "Invalid Action" };
export const permissionDenied: FrameRefusal = { status: 401, reason: "Permission Denied" };

/**
 * The notifications of graphene-django-subscriptions: many streams multiplexed on a WebSocket without a subprotocol.
 * Clients subscribe over HTTP and only receive here; each frame from a client is refused. The payload of an
 * acknowledgement or a pong is a whole frame.
 *
 * @param refuse gives the reason why a well-formed frame is refused.
 */
export function streams(refuse: (frame: StreamFrame) => FrameRefusal): Dialect {
  return {
    name: "",
    rules: {
      early: "wait",
      duplicate: "close",
      invalid: "answer",
      refused: closeCodes.forbidden,
      singleResults: true,
      echoesComplete: false,
      tellsLive: true,
      endsWithOperation: false,
    },
    decode(text) {
      const parsed = parseObject(text);
      return "problem" in parsed
        ? refused({}, { status: 400, reason: parsed.problem })
        : decodeFrame(parsed.object, refuse);
    },
    encode: (message) => wire(message).map((frame) => encoder.encode(frame)),
    envelope: () => ({ head: new Uint8Array(), tail: nothing }),
  };
}

/**
 * Replaces Fanfare's private close codes (4400 and above) by those of RFC 6455 and its registry, since this dialect has
 * none of its own. An application's code stays as it is.
 */
export function plainCloseCode(code: number): number {
  return plain.get(code) ?? code;
}

const policyViolation = 1008;
const plain: ReadonlyMap<number, number> = new Map([
  ...Object.values(closeCodes).map(({ code }) => [code, code < 4000 ? code : policyViolation] as const),
  [closeCodes.initTimeout.code, closeCodes.overload.code],
  [closeCodes.tooSlow.code, closeCodes.overload.code],
  [closeCodes.internalError.code, 1011],
]);
const encoder = new TextEncoder();
const nothing = new Uint8Array();

function decodeFrame(frame: JsonObject, refuse: (frame: StreamFrame) => FrameRefusal): ClientMessage {
  const { payload, stream } = frame;
  if (typeof stream !== "string") return refused(frame, { status: 400, reason: '"stream" must be a string' });
  if (!isObject(payload)) return refused(frame, { status: 400, reason: '"payload" must be an object' });
  const { action } = payload;
  if (typeof action !== "string") return refused(frame, { status: 400, reason: '"action" must be a string' });
  return refused(frame, refuse({ stream, action }));
}

/** The `id` of the invalid message carries the whole answer, since this dialect has no operation ids. */
function refused(frame: JsonObject, refusal: FrameRefusal): ClientMessage {
  return { type: "invalid", id: answerTo(frame, refusal), reason: refusal.reason };
}

function answerTo({ payload, stream = null }: JsonObject, { reason, status }: FrameRefusal): string {
  const { action = null, request_id = null } = isObject(payload) ? payload : {};
  const answer = { errors: [reason], data: null, action, response_status: status, request_id };
  return JSON.stringify({ stream, payload: answer });
}

function wire(message: ServerMessage): readonly string[] {
  switch (message.type) {
    case "ack":
    case "pong":
      return message.payload ? [JSON.stringify(message.payload)] : [];
    case "invalid":
      return [message.id ?? answerTo({}, { status: 400, reason: message.reason })];
    case "opened":
    case "refused":
    case "keepAlive":
    case "ping":
    case "started":
    case "error":
    case "complete":
      return [];
  }
}
