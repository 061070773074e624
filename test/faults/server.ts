// A server in a process of its own, driven by a test. Its only argument are options of Fanfare as JSON.
import { createFanfare, type FanfareOptions } from "fanfare";
import { answer } from "./child.ts";
import { Observer, type Observed } from "./observed.ts";
import { room, tickerSchema, type Tick } from "./ticker.ts";

const given: Partial<FanfareOptions> = JSON.parse(process.argv[2] ?? "{}");
const observer = new Observer();
const { broker, log } = observer;
const fanfare = createFanfare({
  schema: tickerSchema(),
  broker,
  log,
  linger: 0,
  warnAfter: Infinity,
  // Whoever asks for it is never answered.
  onConnect: ({ held }) => (held === true ? new Promise(() => undefined) : undefined),
  ...given,
});
const { port } = await fanfare.listen({ port: 0 });

const counts = new Map<string, number>();

const answers = {
  port: (): number => port,
  observed: (): Observed => observer.observed(),

  /** Publishes events to a room, each in a turn of its own, numbered on from those before. */
  async publish(name: string, events: number, textBytes: number): Promise<void> {
    for (let index = 0; index < events; index++) {
      await fanfare.publish(room({ name }), nextTick(name, textBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
  },

  /** Bytes that JavaScript holds, here and outside its heap, after a full collection. */
  memory(): number {
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
};

export type ServerAnswers = typeof answers;

answer(answers);
process.once("disconnect", () => process.exit());

function nextTick(name: string, textBytes: number): Tick {
  const n = (counts.get(name) ?? 0) + 1;
  counts.set(name, n);
  // `repeat` would give a rope that holds no memory.
  return { n, key: `key-${n % 7}`, text: Buffer.alloc(textBytes, "x").toString("latin1") };
}
