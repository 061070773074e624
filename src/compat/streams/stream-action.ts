import type { JsonObject } from "../../base/json.ts";

/** What is done to rows, in the words of the schema; `ALL_ACTIONS` stands for the three. */
export type StreamAction = keyof typeof actionWords;

/** What is done to a row, in the words of its model. */
export type RowAction = "CREATED" | "UPDATED" | "DELETED";

/** How frames say it. */
export const actionWords = {
  CREATE: "create",
  UPDATE: "update",
  DELETE: "delete",
  ALL_ACTIONS: "all_actions",
} as const;

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

/** The actions of rows that an action of a request stands for. */
export function rowActions(action: StreamAction): readonly RowAction[] {
  return rowActionsOf[action];
}

/** The fewest actions of a request that stand for actions of rows. */
export function streamActions(actions: ReadonlySet<RowAction>): readonly StreamAction[] {
  if (rowActionsOf.ALL_ACTIONS.every((action) => actions.has(action))) return ["ALL_ACTIONS"];
  return singleActions.filter((action) => rowActionsOf[action].some((each) => actions.has(each)));
}

/** How a frame says what a model says. */
export function wordOf(action: RowAction): string {
  const [single = "ALL_ACTIONS"] = streamActions(new Set([action]));
  return actionWords[single];
}

export function isRowAction(value: unknown): value is RowAction {
  return rowActionsOf.ALL_ACTIONS.some((action) => action === value);
}

export type StreamOperation = keyof typeof operationWords;

const operationWords = { SUBSCRIBE: "subscribe", UNSUBSCRIBE: "unsubscribe" } as const;

/** What a channel is told when something was done for it. */
export function echoOf(stream: string, operation: StreamOperation, action: StreamAction): JsonObject {
  return { action: actionWords[action], operation: operationWords[operation], ok: true, stream, error: null };
}
