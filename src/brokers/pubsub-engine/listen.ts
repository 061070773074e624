import type { PubSubEngineLike } from "./engine.ts";

/** Sets a handler on an engine: silent until the engine has confirmed it, and from the moment it is disposed. */
export async function listen(
  engine: PubSubEngineLike,
  trigger: string,
  handle: (payload: unknown) => void,
): Promise<AsyncDisposable> {
  let live = false;
  const onPayload = (payload: unknown): void => {
    if (live) handle(payload);
  };
  const id = await engine.subscribe(trigger, onPayload, {});
  live = true;
  return {
    async [Symbol.asyncDispose]() {
      live = false;
      await engine.unsubscribe(id);
    },
  };
}
