import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Fence, NewEvent, Receipt, TopicName } from "../../../src/contract/broker.ts";
import type { CapturedDatabase } from "./capture.ts";
import type { RecordingBroker } from "./recording-broker.ts";

/** A relaying process's call of the broker: to publish, or to read the newest event of a topic. */
export interface Call {
  readonly number: number;
  readonly events?: readonly NewEvent[];
  readonly fence?: Fence | undefined;
  readonly topic?: TopicName;
}

export interface Reply {
  readonly number: number;
  readonly receipts?: readonly Receipt[];
  readonly last?: { readonly position: string; readonly id: string } | undefined;
}

/** When a process is killed or paused: before its events are stored, before it gets the receipts, or afterwards. */
export type Moment = "before" | "stored" | "after";

/** A relay in a process of its own, which publishes to a broker in this one. */
export class Relaying implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #broker: RecordingBroker;
  readonly #exited: Promise<unknown>;
  #strike: { readonly moment: Moment; left: number; readonly act: () => void } | undefined;
  #errors = "";

  constructor({ server, name, slot }: CapturedDatabase, broker: RecordingBroker) {
    this.#broker = broker;
    const path = new URL("relaying-process.ts", import.meta.url).pathname;
    this.process = fork(path, [server.url({ database: name }), slot, "counted"], {
      execArgv: ["--conditions=fanfare-source"],
      serialization: "advanced",
      silent: true,
    });
    this.process.stderr?.on("data", (data: Buffer) => (this.#errors += data.toString()));
    this.process.on("message", (call: Call) => this.#answer(call));
    this.#exited = once(this.process, "exit");
  }

  /** Resolves when the process publishes for the `count`th time, at this moment, after `act`. */
  strike(count: number, moment: Moment, act: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#strike = {
      moment,
      left: count,
      act: () => {
        act();
        resolve();
      },
    };
    void this.#exited.then(() => reject(new Error(`A relay ended by itself: ${this.#errors}`)));
    return promise;
  }

  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  #answer(call: Call): void {
    if (call.events) {
      this.#reach("before");
      // A killed process publishes nothing.
      if (this.process.killed) return;
      const receipts = this.#broker.publish(call.events, call.fence);
      this.#reach("stored");
      this.#reply({ number: call.number, receipts });
      this.#reach("after");
    } else this.#reply({ number: call.number, last: this.#broker.last(call.topic ?? "") });
  }

  #reply(reply: Reply): void {
    if (this.process.connected) this.process.send(reply, () => undefined);
  }

  #reach(moment: Moment): void {
    if (this.#strike?.moment !== moment) return;
    this.#strike.left -= 1;
    if (this.#strike.left > 0) return;
    const { act } = this.#strike;
    this.#strike = undefined;
    act();
  }
}
