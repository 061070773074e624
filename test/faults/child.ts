import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What a process can be asked, by name. */
export type Answers = Readonly<Record<string, (...input: never[]) => unknown>>;

/** Answers the questions of the process that started this one. */
export function answer(answers: Answers): void {
  process.on("message", (question: unknown) => {
    if (isQuestion(question)) void reply(answers, question);
  });
}

interface Question {
  readonly number: number;
  readonly name: string;
  readonly input: unknown[];
}

async function reply(answers: Answers, { number, name, input }: Question): Promise<void> {
  const found = answers[name];
  if (!found) throw new Error(`Nothing answers ${name}`);
  const output: unknown = await Reflect.apply(found, undefined, input);
  // The parent may have gone meanwhile.
  if (process.connected) process.send?.({ number, output });
}

function isQuestion(value: unknown): value is Question {
  return typeof value === "object" && value !== null && "number" in value && "input" in value;
}

/** A TypeScript program of this folder in a process of its own, against the source. */
export class Child<Known extends Answers> implements AsyncDisposable {
  readonly process: ChildProcess;
  /** Everything it has written to its output and error streams. */
  output: string = "";
  readonly exited: Promise<unknown>;
  readonly #file: string;
  #asked = 0;

  constructor(file: string, ...args: readonly string[]) {
    this.#file = file;
    const path = new URL(file, import.meta.url).pathname;
    this.process = spawn(process.execPath, ["--conditions=fanfare-source", "--expose-gc", path, ...args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.process.stdout?.on("data", (data: Buffer) => (this.output += data.toString()));
    this.process.stderr?.on("data", (data: Buffer) => (this.output += data.toString()));
    this.exited = once(this.process, "close");
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  ask<Name extends keyof Known & string>(
    name: Name,
    ...input: Parameters<Known[Name]>
  ): Promise<Awaited<ReturnType<Known[Name]>>> {
    this.#asked += 1;
    const number = this.#asked;
    return new Promise((resolve, reject) => {
      const listen = (message: unknown): void => {
        if (!isReply<Known, Name>(message, number)) return;
        this.process.off("message", listen).off("close", ended);
        resolve(message.output);
      };
      const ended = (): void => reject(new Error(`${this.#file} ended before it answered ${name}. ${this.output}`));
      this.process.setMaxListeners(0).on("message", listen).once("close", ended);
      this.process.send({ number, name, input });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) this.process.kill("SIGKILL");
    await this.exited;
  }
}

function isReply<Known extends Answers, Name extends keyof Known>(
  value: unknown,
  number: number,
): value is { readonly output: Awaited<ReturnType<Known[Name]>> } {
  return typeof value === "object" && value !== null && "number" in value && value.number === number;
}
