import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client, Pool, type PoolConfig } from "pg";

const run = promisify(execFile);

export interface PostgresOptions {
  /** Settings beside those below, as in postgresql.conf: `{ wal_level: "logical" }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** Durability costs time and no test pulls the plug; everything else is as Debian has it. */
const quick = { fsync: "off", synchronous_commit: "on", full_page_writes: "off", max_connections: 100 };

/** Which database and as whom. */
interface Login {
  readonly database?: string;
  readonly user?: string;
}

/**
 * A PostgreSQL server of its own: a new cluster in a folder that is gone afterwards, on a port that was free, with the
 * superuser `postgres`. Runs as another user where this process is root, whom PostgreSQL refuses. `POSTGRES_BIN` is the
 * folder of its programs; by default that of the newest version which is installed.
 */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly #settings: Readonly<Record<string, string | number>>;
  readonly #user: User;
  #process: ChildProcess | undefined;
  #output = "";
  readonly #onExit = (): void => void this.#process?.kill("SIGQUIT");

  private constructor(port: number, folder: string, user: User, settings: Readonly<Record<string, string | number>>) {
    this.port = port;
    this.folder = folder;
    this.#user = user;
    this.#settings = settings;
  }

  static async open({ settings = {} }: PostgresOptions = {}): Promise<PostgresServer> {
    const user = await serverUser();
    const folder = await mkdtemp(join(tmpdir(), "postgres-"));
    if (user) await chown(folder, user.uid, user.gid);
    const server = new PostgresServer(await freePort(), folder, user, { ...quick, ...settings });
    const choices = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"];
    await run(program("initdb"), [...choices, "-D", server.#data], { ...user, cwd: folder });
    await server.start();
    return server;
  }

  /** What `pg` connects with. */
  login({ database = "postgres", user = "postgres" }: Login = {}): PoolConfig {
    return { host: "127.0.0.1", port: this.port, user, database };
  }

  url({ database = "postgres", user = "postgres" }: Login = {}): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`;
  }

  /** A pool that whoever asked for it closes. It bears that the server goes away. */
  pool(config: PoolConfig & Login = {}): Pool {
    const pool = new Pool({ ...this.login(config), ...config });
    pool.on("error", () => undefined);
    return pool;
  }

  /** A connection of its own, closed with `end`. It bears that the server goes away. */
  async client(login: Login = {}): Promise<Client> {
    const client = new Client(this.login(login));
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  /** Runs SQL as `psql` does, and gives what it prints: values alone, one row a line. */
  async psql(sql: string, login: Login = {}): Promise<string> {
    const how = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"];
    return (await this.tool("psql", [...how, "-c", sql], login)).trimEnd();
  }

  /** Runs a program that comes with PostgreSQL, such as `pgbench`, and gives what it prints. */
  async tool(name: string, choices: readonly string[], login: Login = {}): Promise<string> {
    const { database = "postgres", user = "postgres" } = login;
    const where = ["-h", "127.0.0.1", "-p", String(this.port), "-U", user];
    const env = { ...process.env, PGDATABASE: database };
    const { stdout } = await run(program(name), [...where, ...choices], { env });
    return stdout;
  }

  async start(): Promise<void> {
    const settings = { ...this.#settings, port: this.port, listen_addresses: "127.0.0.1" };
    const choices = Object.entries({ ...settings, unix_socket_directories: this.folder });
    const words = choices.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(program("postgres"), ["-D", this.#data, ...words], {
      ...this.#user,
      cwd: this.folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    // A test run that is interrupted leaves no server behind.
    process.once("exit", this.#onExit);
    child.stderr.on("data", (data: Buffer) => (this.#output = (this.#output + data.toString()).slice(-10_000)));
    await this.#ready(child);
  }

  /** `fast` ends connections and closes properly; `immediate` is a crash. */
  async stop(mode: "fast" | "immediate" = "fast"): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    process.off("exit", this.#onExit);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
    await exited;
  }

  async restart(mode: "fast" | "immediate" = "fast"): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("immediate");
    await rm(this.folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  /** Resolves when connections are accepted; after a crash the server replays its log first. */
  async #ready(child: ChildProcess): Promise<void> {
    for (const end = Date.now() + 30_000; Date.now() < end;) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      const client = new Client(this.login());
      client.on("error", () => undefined);
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    throw new Error(`PostgreSQL did not start: ${this.#output}`);
  }
}

type User = { readonly uid: number; readonly gid: number } | undefined;

/** The user that Debian's package brings; undefined where this process is not root. */
async function serverUser(): Promise<User> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all(["-u", "-g"].map((which) => run("id", [which, "postgres"])));
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
}

function program(name: string): string {
  const folder = process.env["POSTGRES_BIN"] ?? newestFolder();
  return folder === undefined ? name : join(folder, name);
}

/** Debian keeps the programs of each version in a folder that is not on the path. */
function newestFolder(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  const [newest] = readdirSync(root).toSorted((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : join(root, newest, "bin");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No port");
  return address.port;
}
