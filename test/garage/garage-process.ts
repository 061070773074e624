import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { doorFile } from "../../examples/garage/door-file.ts";

/** How a process ended, and everything that it wrote. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

/** The demo as `npm start` runs it, in a process of its own. */
export class GarageProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ending: Promise<Ending>;
  readonly #opened = Promise.withResolvers<string>();
  #output = "";
  #errors = "";

  /** @param environment added to what every garage here is started with: any free port, data in memory. */
  constructor(environment: Readonly<Record<string, string>> = {}) {
    const { HOST: _host, DATA_DIR: _folder, DATABASE_URL: _database, ...inherited } = process.env;
    this.#child = spawn(process.execPath, ["--conditions=fanfare-source", "examples/garage/main.ts"], {
      env: { ...inherited, PORT: "0", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (data: Buffer) => this.#read(data.toString()));
    this.#child.stderr?.on("data", (data: Buffer) => (this.#errors += data.toString()));
    this.#ending = once(this.#child, "close").then(([code, signal]) => {
      this.#opened.reject(new Error(`The garage did not open: ${this.#output}${this.#errors}`));
      return { code, signal, output: this.#output, errors: this.#errors };
    });
    // Whoever waits for the end does not ask whether it opened.
    this.#opened.promise.catch(() => undefined);
  }

  static async open(environment?: Readonly<Record<string, string>>): Promise<GarageProcess> {
    const garage = new GarageProcess(environment);
    await garage.url;
    return garage;
  }

  /** Where it is, once it is open. Rejects with what it wrote when it ended instead. */
  get url(): Promise<string> {
    return this.#opened.promise;
  }

  get ending(): Promise<Ending> {
    return this.#ending;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("The garage could not be started");
    return this.#child.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks it to end, as a process manager does, and waits until it did. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ending> {
    this.signal(signal);
    return this.#ending;
  }

  /** One that is killed leaves the file in which it said where its database is. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    const url = await this.url.catch(() => undefined);
    if (url) await rm(doorFile(Number(new URL(url).port)), { force: true });
  }

  #read(text: string): void {
    this.#output += text;
    const [url] = /http:\S+(?=\n)/.exec(this.#output) ?? [];
    if (url) this.#opened.resolve(url);
  }
}

/** A folder that is gone afterwards. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "garage-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
