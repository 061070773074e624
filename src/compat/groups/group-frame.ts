import type { FormattedResult } from "../../contract/request-engine.ts";

/** What the older server sends for one value of a field; its result is more than a value. */
export type GroupFrame =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "acknowledged";
      readonly action: "register" | "unregister";
      readonly groups: readonly string[];
    };

/** How an acknowledgement spells its flag: as the first versions did, or in both ways. */
export type Spelling = "subscripe" | "both";

/** A frame on its way through execution. It comes out as it went in, and the whole result is made of it then. */
export class GroupValue {
  readonly frame: GroupFrame;

  constructor(frame: GroupFrame) {
    this.frame = frame;
  }
}

/** The result as the older server writes it, if it holds a frame; any other result as it is. */
export function framed(result: FormattedResult, spelling: Spelling): FormattedResult {
  const [[key, value] = []] = Object.entries(result.data ?? {});
  return key !== undefined && value instanceof GroupValue ? new GroupResult(key, value.frame, spelling) : result;
}

/** Always has `errors`, also when there are none. */
class GroupResult implements FormattedResult {
  readonly data: Record<string, unknown> | null;
  readonly #errors: readonly { readonly message: string }[] | null;
  readonly extensions?: Record<string, unknown>;

  constructor(key: string, frame: GroupFrame, spelling: Spelling) {
    this.data = frame.kind === "value" ? { [key]: frame.value } : null;
    this.#errors = frame.kind === "refused" ? [{ message: frame.message }] : null;
    if (frame.kind === "acknowledged") this.extensions = { cyparta: acknowledgement(frame, spelling) };
  }

  toJSON(): object {
    return { data: this.data, errors: this.#errors, extensions: this.extensions };
  }
}

function acknowledgement(
  { action, groups }: Extract<GroupFrame, { kind: "acknowledged" }>,
  spelling: Spelling,
): object {
  const flag = action === "register";
  return {
    registeredGroups: groups,
    subscripe: flag,
    ...(spelling === "both" && { subscribe: flag }),
    action,
  };
}

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
