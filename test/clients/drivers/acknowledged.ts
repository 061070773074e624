import type { Setup } from "../driver.ts";
import type { Wire } from "../wire.ts";

/** The options of graphql-ws that matter here, which 5 and 6 have in common. */
export interface GraphqlWsOptions {
  readonly url: string;
  readonly lazy: boolean;
  readonly connectionParams: Record<string, unknown>;
  readonly webSocketImpl: Wire["webSocket"];
  readonly keepAlive: number;
  readonly retryWait: () => Promise<void>;
  readonly onNonLazyError: (error: unknown) => void;
  readonly on: { connected(): void; pong(received: boolean): void };
}

/**
 * Makes a client of graphql-ws, on which Apollo Client and urql stand too, and resolves with it when it was
 * acknowledged. It is not lazy: its connection stays when its last operation is over, so that the server hears of that
 * by a message.
 */
export async function acknowledged<Client>(
  create: (options: GraphqlWsOptions) => Client,
  { url, params = {}, wire, pingEvery = 0, ponged, beforeRetry }: Setup,
): Promise<Client> {
  const { promise: connected, resolve, reject } = Promise.withResolvers<void>();
  const client = create({
    url,
    lazy: false,
    connectionParams: { ...params },
    webSocketImpl: wire.webSocket,
    keepAlive: pingEvery,
    retryWait: async () => beforeRetry?.(),
    onNonLazyError: reject,
    on: {
      connected: () => resolve(),
      pong: (received) => {
        if (received) ponged?.();
      },
    },
  });
  await connected;
  return client;
}
