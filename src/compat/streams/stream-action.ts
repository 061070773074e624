import type { JsonObject } from "../../base/json.ts";

/** The actions in a request; `ALL_ACTIONS` stands for the other three. */
export type StreamAction = "CREATE" | "UPDATE" | "DELETE" | "ALL_ACTIONS";

/** The actions of a model's changes. */
export type RowAction = "CREATED" | "UPDATED" | "DELETED";

/** The actions in frames. */
export const actionWords: Readonly<Record<StreamAction, string>> = {
  CREATE: "create",
  UPDATE: "update",
  DELETE: "delete",
  ALL_ACTIONS: "all_actions",
};

const rowActionsOf: Readonly<Record<StreamAction, readonly RowAction[]>> = {
  CREATE: ["CREATED"],
  UPDATE: ["UPDATED"],
  DELETE: ["DELETED"],
  ALL_ACTIONS: ["CREATED", "UPDATED", "DELETED"],
};

const singleActions = ["CREATE", "UPDATE", "DELETE"] as const;

export function isAction(value: unknown): value is StreamAction {
  return typeof value === "string" && Object.hasOwn(actionWords, value);
}

/** The actions of changes that a request's action stands for. */
export function rowActions(action: StreamAction): readonly RowAction[] {
  return rowActionsOf[action];
}

/** The smallest set of a request's actions that stands for the given actions of changes. */
export function streamActions(actions: ReadonlySet<RowAction>): readonly StreamAction[] {
  if (rowActionsOf.ALL_ACTIONS.every((action) => actions.has(action))) return ["ALL_ACTIONS"];
  return singleActions.filter((action) => rowActionsOf[action].some((each) => actions.has(each)));
}

/** The word for a change's action in frames. */
export function wordOf(action: RowAction): string {
  const [single = "ALL_ACTIONS"] = streamActions(new Set([action]));
  return actionWords[single];
}

export function isRowAction(value: unknown): value is RowAction {
  return rowActionsOf.ALL_ACTIONS.some((action) => action === value);
}

/** What a command does to a channel's subscriptions. */
export type StreamOperation = "SUBSCRIBE" | "UNSUBSCRIBE";

const operationWords: Readonly<Record<StreamOperation, string>> = {
  SUBSCRIBE: "subscribe",
  UNSUBSCRIBE: "unsubscribe",
};

/** The frame that acknowledges a subscription or an unsubscription. */
export function echoOf(stream: string, operation: StreamOperation, action: StreamAction): JsonObject {
  return { action: actionWords[action], operation: operationWords[operation], ok: true, stream, error: null };
}
