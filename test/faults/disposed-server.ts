// A server that is disposed while it is busy. Then this process says what is left of it, and has to end by itself.
import { once } from "node:events";
import { writeSync } from "node:fs";
import { createFanfare, FanfareError } from "fanfare";
import { systemClock, type Broker, type Clock, type Timer } from "fanfare/contract";
import { answer } from "./child.ts";
import { Observer, type Observed } from "./observed.ts";
import { room, tickerSchema } from "./ticker.ts";

/** What is left after the disposal. */
export interface Remains extends Observed {
  /** What keeps Node from ending. */
  readonly resources: readonly string[];
  /** Timers of the server that were not disposed and have not fired. */
  readonly timers: number;
  readonly brokerIsLeft: boolean;
  /** What became of a publish that was under way, and of what was called afterwards. */
  readonly outcomes: readonly string[];
}

const held = Promise.withResolvers<string>();
const timers = new Set<Timer>();
const observer = new Observer();
let signal: AbortSignal | undefined;

const clock: Clock = {
  now: () => systemClock.now(),
  after: (milliseconds, callback) => counted((fired) => systemClock.after(milliseconds, () => (fired(), callback()))),
  every: (milliseconds, callback) => counted(() => systemClock.every(milliseconds, callback)),
  defer: (callback) => counted((fired) => systemClock.defer(() => (fired(), callback()))),
};

function counted(start: (fired: () => void) => Timer): Timer {
  const running = start(() => timers.delete(timer));
  const timer: Timer = {
    [Symbol.dispose]() {
      timers.delete(timer);
      running[Symbol.dispose]();
    },
  };
  timers.add(timer);
  return timer;
}

/** Somebody else's broker, which takes its time to store what is published to the room `slow`. */
const broker: Broker = {
  ...observer.broker,
  open(sink, given) {
    signal = given;
    return observer.broker.open(sink, given);
  },
  async publish(events) {
    if (events[0]?.topic.includes("slow")) await held.promise;
    return observer.broker.publish(events);
  },
};

const fanfare = createFanfare({
  schema: tickerSchema(() => held.promise),
  ...(process.argv[2] === "own" ? {} : { broker }),
  clock,
  warnAfter: 60_000,
  // Those who never introduce themselves are still there when it is disposed, however long the others take.
  limits: { initMilliseconds: 600_000 },
  log: observer.log,
  onConnect: async ({ hold }) => void (hold === true && (await held.promise)),
});
const { port } = await fanfare.listen({ port: 0 });

const answers = {
  port: (): number => port,
  observed: (): Observed => observer.observed(),
  timers: (): number => timers.size,
  publish: (name: string, n: number): Promise<void> => fanfare.publish(room({ name }), { n, key: "", text: "" }),
  /** Does not answer: the parent learns the rest from the output and the end of this process. */
  dispose: (): void => void dispose(),
};

export type DisposedServerAnswers = typeof answers;

answer(answers);

async function dispose(): Promise<void> {
  const local = await fanfare.subscribe({ query: 'subscription { ticks(room: "local") { n } }' });
  const pending = [
    outcome("next", local.next()),
    outcome("publish", fanfare.publish(room({ name: "slow" }), { n: 1, key: "", text: "" })),
    outcome("listen under way", fanfare.listen({ port: 0 })),
  ];
  await Promise.all([fanfare[Symbol.asyncDispose](), fanfare[Symbol.asyncDispose]()]);
  await fanfare[Symbol.asyncDispose]();
  const timersLeft = timers.size;
  const brokerIsLeft = signal?.aborted === false;
  const disconnected = once(process, "disconnect");
  process.disconnect();
  await disconnected;
  await turns();
  // Node has opened it by itself, to learn whether it takes colours.
  process.stderr.unref();
  const resources = process.getActiveResourcesInfo();
  // What was under way ends late, and must do no harm.
  held.resolve("let go");
  pending.push(
    outcome("publish later", fanfare.publish(room({ name: "lobby" }), { n: 1, key: "", text: "" })),
    outcome("subscribe later", fanfare.subscribe({ query: "{ hi }" })),
    outcome("listen later", fanfare.listen({ port: 0 })),
    outcome("end later", fanfare.end(room({ name: "lobby" }))),
  );
  const outcomes = await Promise.all(pending);
  await turns();
  await broker[Symbol.asyncDispose]();
  const left: Remains = {
    ...observer.observed(),
    resources,
    timers: Math.max(timersLeft, timers.size),
    brokerIsLeft,
    outcomes,
  };
  // Node's own stream for the output would be one more resource.
  writeSync(1, JSON.stringify(left));
}

async function outcome(name: string, work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return `${name}: done`;
  } catch (error) {
    return `${name}: ${error instanceof FanfareError ? error.code : String(error)}`;
  }
}

async function turns(): Promise<void> {
  for (let count = 0; count < 50; count++) await new Promise((resolve) => setImmediate(resolve));
}
