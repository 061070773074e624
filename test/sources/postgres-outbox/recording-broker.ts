// A broker in a process of its own, which records the stored events. It recognises ids for a short time only.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Fence, NewEvent } from "../../../src/contract/broker.ts";
import { answer } from "../../faults/child.ts";

export interface Recorded extends NewEvent {
  readonly token: number;
}

/** The number of a topic's ids that the broker recognises. */
const remembered = 2000;

const record: Recorded[] = [];
const ids = new Map<string, string[]>();
const tokens = new Map<string, number>();
let refused = 0;
let repeated = 0;
let held: { readonly release: PromiseWithResolvers<"store" | "lose">; waiting: number } | undefined;

function publish({ events, fence }: { events: NewEvent[]; fence: Fence }): boolean {
  if (fence.token < (tokens.get(fence.scope) ?? 0)) {
    refused += events.length;
    return false;
  }
  tokens.set(fence.scope, fence.token);
  for (const event of events) {
    const known = ids.get(event.topic) ?? [];
    ids.set(event.topic, known);
    if (known.includes(event.id)) {
      repeated += 1;
      continue;
    }
    known.push(event.id);
    if (known.length > remembered) known.shift();
    record.push({ ...event, token: fence.token });
  }
  return true;
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString());
  if (request.url === "/last") {
    response.end(JSON.stringify({ id: record.findLast(({ topic }) => topic === body.topic)?.id }));
    return;
  }
  if (held) {
    held.waiting += 1;
    if ((await held.release.promise) === "lose") {
      response.destroy();
      return;
    }
  }
  response.end(JSON.stringify({ stored: publish(body) }));
}

const answers = {
  async listen(): Promise<number> {
    const server = createServer((request, response) => void handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  },
  /** The stored events from a number on. */
  recorded: (from: number): readonly Recorded[] => record.slice(from),
  counts: () => ({ stored: record.length, refused, repeated, waiting: held?.waiting ?? 0 }),
  /** Holds back each publish from now on, as a slow network would. */
  hold(): void {
    held = { release: Promise.withResolvers(), waiting: 0 };
  },
  /** Stops holding back; a publish that was held back waits until it is released. */
  pass(): void {
    late = held;
    held = undefined;
  },
  release(what: "store" | "lose"): void {
    late?.release.resolve(what);
  },
};

let late: typeof held;

export type RecordingBrokerAnswers = typeof answers;

answer(answers);
process.once("disconnect", () => process.exit());
