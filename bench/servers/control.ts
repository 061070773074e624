import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { setImmediate as turn } from "node:timers/promises";
import { answer } from "../channel.ts";
import { nextMessage, roomName, type Message } from "../message.ts";
import { collect, machineTime, memory, usage } from "../usage.ts";

export interface Publishing {
  readonly events: number;
  /** Events published in one turn of the event loop. */
  readonly perTurn: number;
  /** Turns from one to the next. More than one lets a server finish that cuts a large fan-out into slices. */
  readonly turns: number;
  /** The events go to this many rooms in turn, or to the one that is named. */
  readonly rooms: number | string;
  readonly textBytes: number;
}

/** What run.ts asks of every server. */
export interface Server {
  readonly port: number;
  readonly publish: (room: string, message: Message) => void;
}

/** Returns the port. */
export async function listen(http: HttpServer): Promise<number> {
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const address = http.address();
  if (typeof address !== "object" || !address) throw new Error("The server has no port.");
  return address.port;
}

/** Lets run.ts drive a server that is listening. */
export function control(server: Server): void {
  answer(controls(server));
}

export type ServerControls = ReturnType<typeof controls>;

function controls({ port, publish }: Server) {
  let published = 0;
  return {
    port: () => port,
    usage,
    memory,
    collect,
    /** Returns when it began. */
    async publish({ events, perTurn, turns, rooms, textBytes }: Publishing): Promise<number> {
      const start = machineTime();
      for (let event = 0; event < events; event++) {
        const room = typeof rooms === "string" ? rooms : roomName(published++ % rooms);
        publish(room, nextMessage(room, textBytes));
        if ((event + 1) % perTurn > 0) continue;
        for (let passed = 0; passed < turns; passed++) await turn();
      }
      return start;
    },
    /** Returns once the server has had nothing to do for a while, or after 5 s: some machines are never quite idle. */
    async settled(): Promise<void> {
      const latest = performance.now() + 5_000;
      for (let quiet = 0, before = usage().cpu; quiet < 3 && performance.now() < latest;) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const { cpu } = usage();
        quiet = cpu - before < 0.002 ? quiet + 1 : 0;
        before = cpu;
      }
    },
  };
}
