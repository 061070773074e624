import { createInterface } from "node:readline/promises";
import { CliError } from "../cli-error.ts";

/** Goes on when the answer is yes. @throws CliError otherwise, also when there is nobody to answer. */
export async function requireYes(question: string): Promise<void> {
  const answer = await ask(`${question} [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new CliError("nothing was changed");
}

/** On the standard error stream, so that what is printed besides can be put into a file. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => {
    lines.once("close", () => {
      resolve("");
    });
  });
  try {
    return await Promise.race([lines.question(question), closed]);
  } finally {
    lines.close();
  }
}
