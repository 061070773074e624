import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, mkdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** What the library is made of, and the graphql that it gets. */
const parts = {
  "package.json": "package.json",
  src: "src",
  "test/graphql-16": "test/graphql-16",
  "node_modules/graphql": "test/clients/node_modules/graphql",
  "node_modules/ws": "node_modules/ws",
};

/**
 * The library as an application on graphql 16 has it: a folder of links, in which `graphql` is 16 for all of them. Node
 * is told to take each link for the place itself.
 */
export class ServerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, process: ChildProcess, port: number) {
    this.#folder = folder;
    this.#process = process;
    this.port = port;
  }

  static async start(): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), "fanfare-graphql-16-"));
    for (const [name, target] of Object.entries(parts)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      symlinkSync(resolve(target), join(folder, name));
    }
    const links = ["--preserve-symlinks", "--preserve-symlinks-main"];
    const program = join(folder, "test/graphql-16/server.ts");
    const server = spawn(process.execPath, [...links, "--conditions=fanfare-source", program], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let output = "";
    server.stderr.on("data", (data: Buffer) => (output += data.toString()));
    const port = await Promise.race([
      once(server.stdout, "data").then(([data]) => Number(data)),
      once(server, "close").then(() => undefined),
    ]);
    if (port === undefined) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`The server ended: ${output}`);
    }
    return new ServerProcess(folder, server, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, "close");
    this.#process.stdin?.end();
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
