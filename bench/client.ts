// The load client: a process of its own, told what to do by run.ts.
import { answer } from "./channel.ts";
import { distinctDocument, roomName, sharedDocument } from "./message.ts";
import { EventStreamSubscriber } from "./event-stream-subscriber.ts";
import { Subscriber } from "./subscriber.ts";
import { machineTime, usage } from "./usage.ts";

export interface Audience {
  readonly port: number;
  readonly subscribers: number;
  readonly rooms: number;
  readonly documents: "shared" | "distinct";
  /** A room that each subscriber asks for too, over the same WebSocket. */
  readonly extraRoom?: string;
  /** Default: WebSocket. */
  readonly over?: "websocket" | "event-stream";
}

/** Below the limit of unfinished connections per address that servers have. */
const connectingAtOnce = 100;

const subscribers: (Subscriber | EventStreamSubscriber)[] = [];
const arrivals: number[] = [];
let delivered = 0;
let reads = 0;
let awaited = { deliveries: Infinity, reached: (): void => {} };
let timing = false;
let stalled = false;

function onNext(): void {
  if (timing) arrivals.push(machineTime());
  if (++delivered === awaited.deliveries) awaited.reached();
}

/** Only a stalled client may be cut off; anything else would falsify the figures, so it ends this process. */
function onLost(why: Error): void {
  if (!stalled) throw why;
}

/** Returns the seconds until every subscriber was ready. */
async function connect({ port, subscribers: count, rooms, documents, extraRoom, over }: Audience): Promise<number> {
  const start = performance.now();
  const Kind = over === "event-stream" ? EventStreamSubscriber : Subscriber;
  let next = 0;
  const connectInTurn = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const subscriber = new Kind({
        port,
        document: documents === "shared" ? sharedDocument : distinctDocument(index),
        rooms: [roomName(index % rooms), ...(extraRoom === undefined ? [] : [extraRoom])],
        onNext,
        onRead: () => reads++,
        onLost,
      });
      subscribers.push(subscriber);
      await subscriber.ready;
    }
  };
  await Promise.all(Array.from({ length: connectingAtOnce }, connectInTurn));
  return (performance.now() - start) / 1000;
}

/** Returns when that many results have arrived since the process began. */
function arrived(deliveries: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  awaited = { deliveries, reached: resolve };
  if (delivered >= deliveries) resolve();
  return promise;
}

const answers = {
  connect,
  arrived,
  /** Since the process began. A read may bring several results at once. */
  counts: () => ({ delivered, reads }),
  usage,
  /** Stops reading, as a client does that hangs or has a bad line. */
  stall(): void {
    stalled = true;
    for (const subscriber of subscribers) subscriber.stall();
  },
  close(): void {
    stalled = false;
    for (const subscriber of subscribers.splice(0)) subscriber[Symbol.dispose]();
  },
  /** From now on the time of each arrival is kept. */
  time: () => void (timing = true),
  /** Takes the kept times. */
  arrivals: () => arrivals.splice(0),
};
export type Client = typeof answers;

answer(answers);
