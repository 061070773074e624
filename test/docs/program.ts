import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** A TypeScript program in a process of its own, at the root of the repository and against its source. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #errors = "";

  constructor(source: string, environment: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, ["--conditions=fanfare-source", "--input-type=module-typescript", "-"], {
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stderr.on("data", (data: Buffer) => (this.#errors += data.toString()));
    this.#child.stdin.end(source);
  }

  /** The first line that the program prints, or the first one like this. Throws what it wrote when there is none. */
  async line(like: RegExp = /^/): Promise<string> {
    for await (const line of createInterface(this.#child.stdout)) if (like.test(line)) return line;
    throw new Error(`The program did not print the line. ${this.#errors}`);
  }

  /** Everything that the program prints until it ends by itself. Throws what it wrote when it failed. */
  async output(): Promise<string> {
    let output = "";
    for await (const data of this.#child.stdout) output += String(data);
    if (this.#errors !== "") throw new Error(`The program failed. ${output}${this.#errors}`);
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill();
    await exit;
  }
}
