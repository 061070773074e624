import type { OperationRequest } from "../dialects/message.ts";
import { ownedRequest } from "./owned-request.ts";

/**
 * The request after a hook, which may have answered with another one.
 *
 * @throws a TypeError for an object that is no request, such as one with a parsed document: an application in plain
 * JavaScript may answer anything.
 */
export function changedRequest(given: OperationRequest, answer: OperationRequest | void): OperationRequest {
  if (typeof answer !== "object" || answer === null) return given;
  if (typeof answer.query === "string") return answer === given ? given : ownedRequest(answer);
  throw new TypeError("A hook that changes a request must answer with an object that has a `query` of text");
}
