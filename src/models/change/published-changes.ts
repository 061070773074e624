import type { CapturedChange, TableName } from "../../contract/captured.ts";
import type { Log } from "../../contract/log.ts";
import { topicName } from "../../declare/topic.ts";
import type { ChangeDecoder } from "./change-decoder.ts";
import type { ErasedHooks } from "./change.ts";
import type { ExtraEvent, RelayedModel } from "../../relay/relayed-model.ts";

/** The relay's view of a model, which calls the application's hooks. */
export class PublishedChanges implements RelayedModel {
  readonly table: TableName;
  readonly #changes: ChangeDecoder;
  readonly #hooks: ErasedHooks;
  readonly #log: Log;

  constructor(table: TableName, changes: ChangeDecoder, hooks: ErasedHooks, log: Log) {
    this.table = table;
    this.#changes = changes;
    this.#hooks = hooks;
    this.#log = log;
  }

  isPublished(captured: CapturedChange): boolean {
    const { shouldPublish } = this.#hooks;
    return shouldPublish
      ? this.#tried("shouldPublish", true, () => shouldPublish(this.#changes.ofRow(captured)))
      : true;
  }

  extraEvents(captured: CapturedChange): readonly ExtraEvent[] {
    const { topics, payload } = this.#hooks;
    if (!topics) return [];
    return this.#tried("topics", [], () => topics(this.#changes.ofRow(captured))).flatMap((topic) =>
      this.#tried("payload", [], () => {
        const change = this.#changes.ofRow(captured);
        return [{ topic, payload: payload ? payload(change, topicName(topic)) : change.plain() }];
      }),
    );
  }

  #tried<Value>(hook: string, otherwise: Value, call: () => Value): Value {
    try {
      return call();
    } catch (error) {
      this.#log.error("A model's hook failed", { table: this.table, hook, error });
      return otherwise;
    }
  }
}
