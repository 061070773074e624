import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PostgresServer } from "../../test/servers/postgres.ts";

export type Statement = "insert" | "update" | "update ten";

const scripts: Readonly<Record<Statement, string>> = {
  insert: "insert into cars (make, model) values ('Skoda', 'Octavia');",
  update: "\\set id random(1, 10000)\nupdate cars set year = year + 1 where id = :id;",
  "update ten": "\\set id random(1, 1000) * 10\nupdate cars set year = year + 1 where id between :id - 9 and :id;",
};

export const carsTable = `
  create table cars (id int generated always as identity primary key, make text not null, model text not null,
    year int not null default 2020, updated_at timestamptz not null default now());
  insert into cars (make, model) select 'Skoda', 'Octavia' from generate_series(1, 10000);
  analyze cars`;

/** Lets pgbench write for so long, and gives the transactions that it committed and how many that was in a second. */
export async function write(
  server: PostgresServer,
  {
    database,
    statement,
    clients,
    seconds,
  }: { database: string; statement: Statement; clients: number; seconds: number },
): Promise<{ readonly count: number; readonly rate: number }> {
  const folder = await mkdtemp(join(tmpdir(), "pgbench-"));
  const script = join(folder, "script.sql");
  await writeFile(script, scripts[statement]);
  const choices = ["-n", "-M", "prepared", "-f", script, "-c", String(clients), "-T", String(seconds)];
  const output = await server.tool("pgbench", choices, { database });
  await rm(folder, { recursive: true });
  return {
    count: Number(/transactions actually processed: (\d+)/.exec(output)?.[1]),
    rate: Number(/tps = ([\d.]+)/.exec(output)?.[1]),
  };
}
