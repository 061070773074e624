import { readFile } from "node:fs/promises";
import { FanfareError } from "../base/error.ts";
import { CliError, usageError } from "./cli-error.ts";
import { help } from "./help.ts";
import { install } from "./capture/install.ts";
import { uninstall } from "./capture/uninstall.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const commands: ReadonlyMap<string, (args: readonly string[], environment: Environment) => Promise<void>> = new Map([
  ["install", install],
  ["uninstall", uninstall],
]);

/** Runs a command line and returns the exit code. */
export async function run([name, ...args]: readonly string[], environment: Environment): Promise<0 | 1 | 2> {
  try {
    const command = name === undefined ? undefined : commands.get(name);
    if (command && !args.includes("--help") && !args.includes("-h")) await command(args, environment);
    else process.stdout.write(await answer(name));
    return 0;
  } catch (error) {
    const told = asCliError(error);
    process.stderr.write(`fanfare: ${told.message}\n`);
    return told.exitCode;
  }
}

/** The text that a command line without a command asks for: the version or the help. */
async function answer(name: string | undefined): Promise<string> {
  if (name === "--version" || name === "-v") return `${await version()}\n`;
  if (name === undefined || name === "--help" || name === "-h" || name === "help" || commands.has(name)) return help;
  throw usageError(`there is no command ${name}; there are ${[...commands.keys()].join(" and ")}, see fanfare --help`);
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(text).version;
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof FanfareError) return new CliError(error.message, error.code === "BAD_OPTION" ? 2 : 1);
  return new CliError(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
