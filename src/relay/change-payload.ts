import type { CapturedChange, CapturedTruncation, TableName } from "../contract/captured.ts";
import { topic, type Topic } from "../declare/topic.ts";

/** The payload of the event that a change of a table is published as. Plain JSON, so that every broker can carry it. */
export type ChangePayload =
  | Pick<CapturedChange, "action" | "before" | "after" | "moved" | "at" | "transaction">
  | ({ readonly action: "TRUNCATED" } & Pick<CapturedTruncation, "at" | "transaction">);

const tables = topic("table", { schema: String, name: String }).of<ChangePayload>();

/** The one topic of a table, in which all its changes have one order. */
export function tableTopic({ schema, name }: TableName): Topic<ChangePayload> {
  return tables({ schema, name });
}
