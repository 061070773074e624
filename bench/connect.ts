import { Pair, type ServerName } from "./pair.ts";

/** What 10,000 connections, each with one subscription, took a fresh server. */
export interface Connected {
  readonly perSecond: number;
  /** Milliseconds of the server's CPU time per connection. */
  readonly cpu: number;
  /** Bytes per connection, by which the process grew. */
  readonly rss: number;
  /** Bytes per connection, of JavaScript's heap and what it owns outside. */
  readonly heap: number;
}

const connections = 10_000;
/** Come and gone before the measurement, so that no code is loaded or compiled for the first time in it. */
const warmUp = 500;

/** Measures each server in turn, so many times, in a fresh process each time. */
export async function connectAll(
  servers: readonly ServerName[],
  repeats: number,
): Promise<ReadonlyMap<ServerName, readonly Connected[]>> {
  const measured = new Map<ServerName, Connected[]>(servers.map((name) => [name, []]));
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const name of servers) measured.get(name)?.push(await connectTo(name));
  }
  return measured;
}

async function connectTo(name: ServerName): Promise<Connected> {
  await using pair = new Pair(name);
  const { server, client } = pair;
  await pair.connect({ subscribers: warmUp, rooms: 1, documents: "shared" });
  await client.ask("close");
  await server.ask("settled");

  const memoryBefore = await server.ask("memory");
  const usageBefore = await server.ask("usage");
  const seconds = await pair.connect({ subscribers: connections, rooms: 1, documents: "shared" });
  const usage = await server.ask("usage");
  const memory = await server.ask("memory");
  return {
    perSecond: connections / seconds,
    cpu: ((usage.cpu - usageBefore.cpu) / connections) * 1000,
    rss: (memory.rss - memoryBefore.rss) / connections,
    heap: (memory.heap - memoryBefore.heap) / connections,
  };
}
