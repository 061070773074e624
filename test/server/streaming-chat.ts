import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { vi } from "vitest";
import { createFanfare, silentLog, type Fanfare, type FanfareOptions } from "fanfare";
import type { TelemetryEvents } from "fanfare/contract";
import { chatSchema, message, room } from "./chat.ts";
import { patience } from "../eventually.ts";

/** A chat that listens, and knows what its clients have running. */
export interface StreamingChat extends AsyncDisposable {
  readonly fanfare: Fanfare<{ user?: string }>;
  readonly url: string;
  readonly port: number;
  post(text: string, author?: string): Promise<void>;
  /** Waits until so many subscriptions have become live, all in all, and answers how many have. */
  started(count: number): Promise<number>;
  /** Waits until so many subscriptions have ended, all in all, and answers how many have. */
  ended(count: number): Promise<number>;
  /** How connections have ended. */
  readonly closings: readonly { readonly code: number; readonly reason: string }[];
}

export async function streamingChat(options: Partial<FanfareOptions<{ user?: string }>> = {}): Promise<StreamingChat> {
  let [started, ended] = [0, 0];
  const closings: { code: number; reason: string }[] = [];
  const begin = (told: unknown): void => void (started += isSubscription(told) ? 1 : 0);
  subscribe("fanfare:operation.started", begin);
  const fanfare = createFanfare({
    schema: chatSchema(),
    log: silentLog,
    ...options,
    onUnsubscribe: () => void (ended += 1),
    onDisconnect: (_connection, code, reason) => void closings.push({ code, reason }),
  });
  const { port, url } = await fanfare.listen({ port: 0 });
  return {
    fanfare,
    url,
    port,
    closings,
    post: (text, name = "Ada") =>
      fanfare.publish(room({ room: "lobby" }), message(text, { author: { id: "1", name } })),
    started: async (count) => {
      await vi.waitUntil(() => started >= count, { timeout: patience, interval: 5 });
      return started;
    },
    ended: async (count) => {
      await vi.waitUntil(() => ended >= count, { timeout: patience, interval: 5 });
      return ended;
    },
    async [Symbol.asyncDispose]() {
      unsubscribe("fanfare:operation.started", begin);
      await fanfare[Symbol.asyncDispose]();
    },
  };
}

function isSubscription(told: unknown): told is TelemetryEvents["operation.started"] {
  return typeof told === "object" && told !== null && "kind" in told && told.kind === "subscription";
}
