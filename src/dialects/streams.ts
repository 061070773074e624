import { closeCodes } from "../base/close-code.ts";
import type { Dialect } from "./dialect.ts";
import { isObject, parseObject, type JsonObject } from "../base/json.ts";
import type { ClientMessage, ServerMessage } from "./message.ts";

/** Why a frame of a client is refused: its answer's `response_status` and its error. */
export interface FrameRefusal {
  readonly status: number;
  readonly reason: string;
}

/** A frame that a client has sent. */
export interface StreamFrame {
  readonly stream: string;
  readonly action: string;
}

export const invalidAction: FrameRefusal = { status: 400, reason: "Invalid Action" };
export const permissionDenied: FrameRefusal = { status: 401, reason: "Permission Denied" };

/**
 * The notifications of graphene-django-subscriptions: WebSockets without a subprotocol that many streams share. Clients
 * subscribe over HTTP and only listen here; every frame of theirs is refused. The payload of an acknowledgement, and
 * that of a pong, is a whole frame.
 *
 * @param refuse says why a frame is refused that could be read.
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
 * The dialect has no close codes of its own, so the connection is closed with those of RFC 6455 and its registry. A code
 * that an application has chosen stays as it is.
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

/** The answer is all that there is to say, so it stands where other dialects have an operation's id. */
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
