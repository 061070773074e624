// A well-behaved client in a process of its own, which measures how long its pings take.
import { WebSocket } from "ws";
import { answer } from "./channel.ts";

/** Milliseconds between two pings. */
const interval = 25;
let socket: WebSocket | undefined;
let timer: NodeJS.Timeout | undefined;
let latencies: number[] = [];
const sent = new Map<number, number>();
let count = 0;

const answers = {
  /** Connects, and resolves when it is acknowledged. */
  connect(port: number): Promise<void> {
    const opened = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws", {
      headers: { "X-Forwarded-For": "192.0.2.7" },
    });
    socket = opened;
    opened.on("open", () => opened.send('{"type":"connection_init"}'));
    return new Promise((resolve, reject) => {
      opened.on("error", reject);
      opened.on("message", (data) => {
        const text = Buffer.isBuffer(data) ? data.toString() : "{}";
        const message: { readonly type: string; readonly payload?: { readonly n: number } } = JSON.parse(text);
        if (message.type === "connection_ack") return resolve();
        const began = sent.get(message.payload?.n ?? 0);
        if (began !== undefined) latencies.push(performance.now() - began);
        sent.delete(message.payload?.n ?? 0);
      });
    });
  },

  /** Pings 40 times in a second. */
  start(): void {
    latencies = [];
    sent.clear();
    timer = setInterval(ping, interval);
  },

  /** The milliseconds that each ping took; Infinity for one that was not answered within ten seconds. */
  async stop(): Promise<readonly number[]> {
    clearInterval(timer);
    const late = performance.now() + 10_000;
    while (sent.size > 0 && performance.now() < late) await new Promise((resolve) => setTimeout(resolve, interval));
    return [...latencies, ...Array.from(sent, () => Infinity)];
  },
};

export type PingerAnswers = typeof answers;

answer(answers);

function ping(): void {
  count += 1;
  sent.set(count, performance.now());
  socket?.send(JSON.stringify({ type: "ping", payload: { n: count } }));
}
