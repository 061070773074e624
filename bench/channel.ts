import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What a process of the benchmark can be asked, by name. */
export type Answers = Readonly<Record<string, (...input: never[]) => unknown>>;

/** Answers the questions of the process that started this one, and ends with it. */
export function answer(answers: Answers): void {
  process.on("message", (message: unknown) => {
    if (!isQuestion(message)) return;
    void reply(answers, message.name, message.input);
  });
  process.once("disconnect", () => process.exit());
}

async function reply(answers: Answers, name: string, input: unknown[]): Promise<void> {
  const found = answers[name];
  if (!found) throw new Error(`Nothing answers "${name}".`);
  const output: unknown = await Reflect.apply(found, undefined, input);
  process.send?.({ name, output });
}

function isQuestion(message: unknown): message is { name: string; input: unknown[] } {
  return typeof message === "object" && message !== null && "name" in message && "input" in message;
}

export interface WorkerOptions {
  /** Undefined: wherever the system likes. */
  readonly core: number | undefined;
  /** Arguments for Node itself. */
  readonly node?: readonly string[];
  readonly args?: readonly string[];
}

/** A process of the benchmark, held to one core where the machine allows it. */
export class Worker<Known extends Answers> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #file: string;

  constructor(file: string, { core, node = [], args = [] }: WorkerOptions) {
    this.#file = file;
    const path = new URL(file, import.meta.url).pathname;
    const command = [process.execPath, "--expose-gc", ...node, path, ...args];
    if (core !== undefined) command.unshift("taskset", "-c", String(core));
    const [program = process.execPath, ...rest] = command;
    this.#child = spawn(program, rest, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // graphql-js checks types the slow way unless it runs in production.
      env: { ...process.env, NODE_ENV: "production" },
    });
  }

  /** One question of a name at a time. */
  ask<Name extends keyof Known & string>(
    name: Name,
    ...input: Parameters<Known[Name]>
  ): Promise<Awaited<ReturnType<Known[Name]>>> {
    return new Promise((resolve, reject) => {
      const listen = (message: unknown): void => {
        if (!isAnswer<Known, Name>(message, name)) return;
        this.#child.off("message", listen).off("exit", ended);
        resolve(message.output);
      };
      const ended = (): void => reject(new Error(`${this.#file} ended before it answered "${name}".`));
      this.#child.on("message", listen).once("exit", ended);
      this.#child.send({ name, input });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

function isAnswer<Known extends Answers, Name extends keyof Known>(
  message: unknown,
  name: Name,
): message is { output: Awaited<ReturnType<Known[Name]>> } {
  return typeof message === "object" && message !== null && "name" in message && message.name === name;
}
