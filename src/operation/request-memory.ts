import { jsonMemory } from "../base/json-memory.ts";
import type { OperationRequest } from "../dialects/message.ts";

/** Variables are kept as they came, and as GraphQL coerces them: into objects that take some eight times as much. */
const variableCopies = 8;

/** The memory that a request takes while its operation runs, as an estimate in bytes. */
export function requestMemory({ variables, ...rest }: OperationRequest): number {
  return jsonMemory(rest) + (variables ? jsonMemory(variables, variableCopies) : 0);
}
