import { spawn } from "node:child_process";
import { once } from "node:events";

/** What `npm run trigger` runs, until its end. */
export async function trigger(
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }> {
  const { DATABASE_URL: _database, ...inherited } = process.env;
  const child = spawn(process.execPath, ["--conditions=fanfare-source", "examples/garage/trigger.ts"], {
    env: { ...inherited, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const [code] = await once(child, "close");
  return { code, output, errors };
}
