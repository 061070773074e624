import type { FormattedResult } from "../../contract/request-engine.ts";

/** A result of the older server: a field's value, a refusal or an acknowledgement. */
export type GroupFrame =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "acknowledged";
      readonly action: "register" | "unregister";
      readonly groups: readonly string[];
    };

/** The spelling of the flag in an acknowledgement: that of the first versions, `subscripe`, or both spellings. */
export type Spelling = "subscripe" | "both";

/** A frame that execution passes through unchanged as the field's value. {@link framed} makes the result from it. */
export class GroupValue {
  readonly frame: GroupFrame;

  constructor(frame: GroupFrame) {
    this.frame = frame;
  }
}

/** Makes the older server's result from a result whose value is a frame; returns any other result unchanged. */
export function framed(result: FormattedResult, spelling: Spelling): FormattedResult {
  const [[key, value] = []] = Object.entries(result.data ?? {});
  return key !== undefined && value instanceof GroupValue ? new GroupResult(key, value.frame, spelling) : result;
}

/** A result of the older server, which always has `errors`: null without an error. */
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

/** Yields the given frames, then a frame for each event. Without events it stays open and yields nothing more. */
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
