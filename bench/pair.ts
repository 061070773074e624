import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { Worker } from "./channel.ts";
import type { Audience, Client } from "./client.ts";
import type { Publishing, ServerControls } from "./servers/control.ts";

const otherBuild = ["--import", new URL("servers/other-build.ts", import.meta.url).href];

/** The file of each server, and the arguments it is started with. Those named "before" are of another build. */
const servers = {
  "raw-ws": { file: "servers/raw-ws.ts", node: [], args: [] },
  "raw-ws-bytes": { file: "servers/raw-ws.ts", node: [], args: ["--bytes"] },
  fanfare: { file: "servers/fanfare.ts", node: [], args: [] },
  "fanfare-sse": { file: "servers/fanfare.ts", node: [], args: [] },
  "fanfare-before": { file: "servers/fanfare.ts", node: otherBuild, args: [] },
  "fanfare-sse-before": { file: "servers/fanfare.ts", node: otherBuild, args: [] },
  "graphql-ws": {
    file: "servers/graphql-ws.ts",
    node: ["--import", new URL("servers/graphql-16.ts", import.meta.url).href],
    args: [],
  },
} as const;

export type ServerName = keyof typeof servers;

/** This build, or the one that it is compared with. */
export type Build = "after" | "before";

/** In which order both builds are started. */
export type Order = readonly Build[];

/** The same in another order each round, so that none is always the first. */
export function inTurns<Item>(all: readonly Item[], round: number): readonly Item[] {
  const first = round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

/** How Fanfare's servers of either build are started. */
export function nodeOptions(build: Build): readonly string[] {
  return build === "before" ? otherBuild : [];
}

export function isServerName(name: string): name is ServerName {
  return name in servers;
}

/** Whether servers and clients are kept on cores of their own; without that the figures mean little. */
export const pinned = canPin();

function canPin(): boolean {
  try {
    execFileSync("taskset", ["-V"], { stdio: "ignore" });
    return availableParallelism() > 1;
  } catch {
    return false;
  }
}

export const serverCore = pinned ? 0 : undefined;
const clientCore = pinned ? 1 : undefined;

export function startClient(): Worker<Client> {
  return new Worker("client.ts", { core: clientCore });
}

/** How a fan-out went. Seconds, unless said. */
export interface Measured {
  readonly deliveries: number;
  /** How often the client read from a socket to get them. */
  readonly reads: number;
  readonly wall: number;
  readonly serverCpu: number;
  readonly clientCpu: number;
  /** Time in which the server, or the client, could have run and something else had its core. */
  readonly serverWaited: number;
  readonly clientWaited: number;
}

/** One server and its load client, each a fresh process on its own core. */
export class Pair implements AsyncDisposable {
  readonly name: ServerName;
  readonly server: Worker<ServerControls>;
  readonly client: Worker<Client>;
  #delivered = 0;

  constructor(name: ServerName, args: readonly string[] = []) {
    const { file, node, args: own } = servers[name];
    this.name = name;
    this.server = new Worker(file, { core: serverCore, node, args: [...own, ...args] });
    this.client = startClient();
  }

  /** Returns the seconds until all were connected and subscribed. */
  async connect(audience: Omit<Audience, "port">): Promise<number> {
    const seconds = await this.client.ask("connect", {
      port: await this.server.ask("port"),
      over: this.name.startsWith("fanfare-sse") ? "event-stream" : "websocket",
      ...audience,
    });
    await this.server.ask("settled");
    return seconds;
  }

  /** Publishes, returns when everything has arrived, and tells when it began. */
  async publish(publishing: Publishing, deliveries: number): Promise<number> {
    this.#delivered += deliveries;
    const arrived = this.client.ask("arrived", this.#delivered);
    const start = await this.server.ask("publish", publishing);
    await withinSeconds(60, arrived, `${this.name} lost deliveries.`);
    return start;
  }

  /**
   * Publishes chunk after chunk for that many seconds, the next one when the one before has arrived, so that no buffer
   * fills however fast the server is.
   */
  async saturate(seconds: number, chunk: Publishing, deliveriesOfChunk: number): Promise<Measured> {
    const before = await this.#state();
    const start = performance.now();
    let deliveries = 0;
    do {
      await this.publish(chunk, deliveriesOfChunk);
      deliveries += deliveriesOfChunk;
    } while (performance.now() - start < seconds * 1000);
    const wall = (performance.now() - start) / 1000;
    const after = await this.#state();
    if (after.counts.delivered !== this.#delivered) throw new Error(`${this.name} delivered too much.`);
    return {
      deliveries,
      reads: after.counts.reads - before.counts.reads,
      wall,
      serverCpu: after.server.cpu - before.server.cpu,
      serverWaited: after.server.waited - before.server.waited,
      clientCpu: after.client.cpu - before.client.cpu,
      clientWaited: after.client.waited - before.client.waited,
    };
  }

  async #state() {
    const [server, client, counts] = await Promise.all([
      this.server.ask("usage"),
      this.client.ask("usage"),
      this.client.ask("counts"),
    ]);
    return { server, client, counts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

async function withinSeconds(seconds: number, work: Promise<void>, failure: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(failure)), seconds * 1000);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
