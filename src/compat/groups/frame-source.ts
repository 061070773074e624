import { GroupValue, type GroupFrame } from "./group-frame.ts";

/** First some frames, then one for each event of the groups; without groups it stays open and silent. */
export class FrameSource<Event> implements AsyncIterableIterator<GroupValue> {
  readonly #frames: GroupFrame[];
  readonly #events: AsyncIterator<Event> | undefined;
  readonly #valueOf: (event: Event) => unknown;
  readonly #ended = Promise.withResolvers<IteratorReturnResult<undefined>>();

  constructor(
    frames: readonly GroupFrame[],
    events: AsyncIterator<Event> | undefined,
    valueOf: (event: Event) => unknown,
  ) {
    this.#frames = [...frames];
    this.#events = events;
    this.#valueOf = valueOf;
  }

  async next(): Promise<IteratorResult<GroupValue, undefined>> {
    const frame = this.#frames.shift();
    if (frame) return { done: false, value: new GroupValue(frame) };
    if (!this.#events) return this.#ended.promise;
    const { done, value } = await this.#events.next();
    if (done) return { done: true, value: undefined };
    return { done: false, value: new GroupValue({ kind: "value", value: this.#valueOf(value) }) };
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const end = { done: true, value: undefined } as const;
    this.#ended.resolve(end);
    await this.#events?.return?.();
    return end;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
