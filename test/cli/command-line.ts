import { spawn } from "node:child_process";
import { once } from "node:events";

/** A command's exit code and its output. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The standard input. Default: empty. */
  readonly input?: string;
  /** The file of the command. */
  readonly file?: string;
}

/** Runs the command in a process of its own, as a shell does. */
export async function fanfare(
  args: readonly string[],
  { environment = {}, input = "", file = "src/cli/main.ts" }: CommandOptions = {},
): Promise<Ending> {
  const { DATABASE_URL: _url, ...inherited } = process.env;
  const child = spawn(process.execPath, [file, ...args], { env: { ...inherited, ...environment } });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { code, output, errors };
}
