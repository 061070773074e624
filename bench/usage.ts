import { readFileSync } from "node:fs";

/** What a process has used since it started, in seconds. */
export interface Usage {
  /** User and kernel time of all threads. */
  readonly cpu: number;
  /** Time in which the main thread was ready to run and something else had its core. */
  readonly waited: number;
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, waited: waited() };
}

/** Milliseconds by a clock that all processes of the machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export interface Memory {
  readonly rss: number;
  /** JavaScript heap in use, and memory outside it that JavaScript objects own. */
  readonly heap: number;
}

/** A full collection: what lives is old from now on, and no longer copied by the collections of young objects. */
export function collect(): void {
  globalThis.gc?.();
}

/** Bytes held after a full collection, which also gives back what is free: V8 keeps up to 100 MB for new objects. */
export function memory(): Memory {
  globalThis.gc?.({ type: "major", flavor: "last-resort", execution: "sync" });
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed + external };
}

function waited(): number {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e9;
  } catch {
    return 0; // Only Linux tells.
  }
}
