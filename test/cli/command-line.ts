import { spawn } from "node:child_process";
import { once } from "node:events";

/** How a command ended, and everything that it wrote. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** What somebody types; nobody does by default. */
  readonly input?: string;
  /** The file of the command. */
  readonly file?: string;
}

/** Runs the command as a shell does, in a process of its own. */
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
