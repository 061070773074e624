import { createInterface } from "node:readline/promises";
import { CliError } from "../cli-error.ts";

/**
 * Asks for confirmation and resolves if the answer is yes.
 *
 * @throws CliError for any other answer, and if the standard input is closed.
 */
export async function requireYes(prompt: string): Promise<void> {
  const answer = await ask(`${prompt} [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CliError("nothing was changed");
}

/** Prompts on the standard error stream, so that the printed SQL can be redirected into a file. */
async function ask(prompt: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => {
    lines.once("close", () => {
      resolve("");
    });
  });
  try {
    return await Promise.race([lines.question(prompt), closed]);
  } finally {
    lines.close();
  }
}
