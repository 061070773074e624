import { topic, type Topic } from "../../declare/topic.ts";

/** What is triggered in a group. */
export interface GroupEvent {
  readonly group: string;
  readonly value: unknown;
}

const groups = topic("group", { name: String }).of<GroupEvent>();

/** The topic of a group. */
export function groupTopic(group: string): Topic<GroupEvent> {
  return groups({ name: group });
}
