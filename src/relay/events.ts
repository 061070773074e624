import type { NewEvent } from "../contract/broker.ts";
import type { Captured, CapturedChange, CapturedEvent, CapturedTruncation, TableName } from "../contract/captured.ts";
import { placeId, type Place } from "../contract/place.ts";
import { topicName } from "../declare/topic.ts";
import { tableTopic, type ChangePayload } from "./change-payload.ts";
import type { RelayedModel } from "./relayed-model.ts";

/** An event, and the place of the captured change that it is published for. */
export interface PlacedEvent {
  readonly place: Place;
  readonly event: NewEvent;
}

/** Makes the events that captured changes are published as. */
export class RelayEvents {
  readonly #models = new Map<string, RelayedModel[]>();

  constructor(models: readonly RelayedModel[]) {
    for (const model of models) {
      const name = topicOf(model.table);
      this.#models.set(name, [...(this.#models.get(name) ?? []), model]);
    }
  }

  of(changes: readonly Captured[]): PlacedEvent[] {
    return changes.flatMap((captured) => {
      if (captured.kind === "event") return [transactional(captured)];
      return captured.kind === "truncation" ? [truncation(captured)] : this.#change(captured);
    });
  }

  /**
   * The event in the table's topic and the models' extra events; none if the table has models and none of them
   * publishes the change.
   */
  #change(change: CapturedChange): PlacedEvent[] {
    const { place, action, before, after, moved, at, transaction } = change;
    const topic = topicOf(change.table);
    const models = this.#models.get(topic);
    const published = models?.filter((model) => model.isPublished(change));
    if (published?.length === 0) return [];
    const payload: ChangePayload = { action, before, after, moved, at, transaction };
    const id = placeId(place);
    const extra = (published ?? []).flatMap((model) => model.extraEvents(change));
    return [
      { place, event: { topic, id, time: at, payload } },
      ...extra.map((event, index) => ({
        place,
        event: { topic: topicName(event.topic), id: `${id}/${index + 1}`, time: at, payload: event.payload },
      })),
    ];
  }
}

function transactional({ place, topic, payload, id, at }: CapturedEvent): PlacedEvent {
  return { place, event: { topic, id: id ?? placeId(place), time: at, payload } };
}

function truncation({ place, table, at, transaction }: CapturedTruncation): PlacedEvent {
  const payload: ChangePayload = { action: "TRUNCATED", at, transaction };
  return { place, event: { topic: topicOf(table), id: placeId(place), time: at, payload } };
}

function topicOf(table: TableName): string {
  return tableTopic(table).name;
}
