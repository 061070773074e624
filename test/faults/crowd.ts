import { BareClient, type ServerMessage } from "./bare-client.ts";
import { until } from "./until.ts";

/** How many are connecting at the same time: fewer than a server lets one address have. */
const connectingAtOnce = 50;

/** Clients that read everything at once, and check that each gets every event of a room in order. */
export class Crowd implements Disposable {
  readonly clients: BareClient[] = [];
  /** What one of them received that it should not have. */
  readonly wrong: string[] = [];
  #arrived = 0;

  static async of(size: number, port: number, room: string): Promise<Crowd> {
    const crowd = new Crowd();
    let left = size;
    const join = async (): Promise<void> => {
      while (left-- > 0) await crowd.#join(port, room);
    };
    await Promise.all(Array.from({ length: connectingAtOnce }, join));
    return crowd;
  }

  /** Resolves when everybody has got every event up to this one. */
  async reached(n: number): Promise<void> {
    const all = n * this.clients.length;
    await until(
      () => this.#arrived >= all || this.wrong.length > 0,
      () => `${all} deliveries; ${this.#arrived} have arrived`,
    );
    if (this.wrong.length > 0) throw new Error(this.wrong[0]);
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client[Symbol.dispose]();
  }

  async #join(port: number, room: string): Promise<void> {
    let last = 0;
    const client = await BareClient.ready(port, {
      onMessage: (message) => {
        const n = tickOf(message)?.n;
        if (n !== last + 1) this.wrong.push(`After ${last} came ${JSON.stringify(message).slice(0, 200)}`);
        last = n ?? last;
        this.#arrived += 1;
      },
    });
    this.clients.push(client);
    client.subscribe("1", `subscription { ticks(room: "${room}") { n key text } }`);
  }
}

/** What a result says of its event. */
export function tickOf({ type, payload }: ServerMessage): { readonly n: number; readonly key: string } | undefined {
  if (type !== "next" || !isObject(payload) || !isObject(payload["data"])) return undefined;
  const [value] = Object.values(payload["data"]);
  if (!isObject(value)) return undefined;
  const { n, key } = value;
  return typeof n === "number" ? { n, key: String(key) } : undefined;
}

/** What a result says beside its data: `extensions.fanfare`. */
export function toldBy({ payload }: ServerMessage): unknown {
  const extensions = isObject(payload) ? payload["extensions"] : undefined;
  return isObject(extensions) ? extensions["fanfare"] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
