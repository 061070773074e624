import { blamed } from "../base/blame.ts";
import type { OperationRequest } from "../dialects/message.ts";
import { ownedRequest } from "./owned-request.ts";

/**
 * The request after a hook, which may have answered with another one.
 *
 * @throws a TypeError for an object that is no request, such as one with a parsed document: an application in plain
 * JavaScript may answer anything.
 */
export function changedRequest(
  hook: "onOperation" | "onSubscribe",
  given: OperationRequest,
  answer: OperationRequest | void,
): OperationRequest {
  if (typeof answer !== "object" || answer === null) return given;
  if (typeof answer.query === "string") return answer === given ? given : ownedRequest(answer);
  throw blamed(new TypeError(`${hook} must answer with nothing, or with a request that has a \`query\` of text`), hook);
}
