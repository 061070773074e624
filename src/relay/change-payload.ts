import type { CapturedChange, CapturedTruncation, TableName } from "../contract/captured.ts";
import { topic, type Topic } from "../declare/topic.ts";

/** The payload of a captured change's event. Plain JSON, so that every broker can carry it. */
export type ChangePayload =
  | Pick<CapturedChange, "action" | "before" | "after" | "moved" | "at" | "transaction">
  | ({ readonly action: "TRUNCATED" } & Pick<CapturedTruncation, "at" | "transaction">);

const tables = topic("table", { schema: String, name: String }).of<ChangePayload>();

/** A table's topic, which orders all its changes. */
export function tableTopic({ schema, name }: TableName): Topic<ChangePayload> {
  return tables({ schema, name });
}
