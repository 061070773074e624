import type { PGlite } from "@electric-sql/pglite";

type RawStream = PGlite["execProtocolRawStream"];

/**
 * The embedded database, for a server that lets other programs in. All of them share one session with this process, so
 * they take turns: a turn begins with a question, and ends when the session is idle again. Nobody reads what another has
 * not committed yet, or has parts of a question answered in between.
 *
 * @param patience milliseconds after which a program that says nothing in the middle of its turn loses it. Its
 * transaction is rolled back.
 */
export function takingTurns(database: PGlite, patience: number = 30_000): PGlite {
  const turn = new Turn(database, patience);
  const own: Partial<PGlite> = {
    runExclusive: (run) => run(),
    // The server keeps to one program while this is so, and rolls back when that one dies.
    isInTransaction: () => turn.isTaken,
    exec: async () => {
      await turn.giveUp();
      return [];
    },
    execProtocolRawStream: (message, options) => turn.run(message, options),
  };
  return new Proxy(database, {
    get(target, name) {
      const value: unknown = Reflect.get(name in own ? own : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const idle = "I";

class Turn {
  readonly #database: PGlite;
  readonly #patience: number;
  #end: (() => void) | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(database: PGlite, patience: number) {
    this.#database = database;
    this.#patience = patience;
  }

  get isTaken(): boolean {
    return this.#end !== undefined;
  }

  run: RawStream = async (message, options) => {
    clearTimeout(this.#silence);
    if (!this.isTaken) await this.#take();
    let end = Buffer.alloc(0);
    const onRawData = (data: Uint8Array): void => {
      end = Buffer.concat([end, data.slice(-6)]).subarray(-6);
      options.onRawData(data);
    };
    try {
      await this.#database.runExclusive(() => this.#database.execProtocolRawStream(message, { ...options, onRawData }));
    } finally {
      if (statusIn(end) === idle || (leaves(message) && !this.#database.isInTransaction())) this.#release();
      else this.#silence = setTimeout(() => void this.giveUp(), this.#patience);
    }
  };

  /** Ends a turn in the middle. */
  async giveUp(): Promise<void> {
    await this.run(rollback, { onRawData: () => undefined });
  }

  /** Waits until no transaction of this process runs, and keeps others from beginning. */
  #take(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Its public `transaction` would begin one.
    void this.#database["_runExclusiveTransaction"](
      () =>
        new Promise<void>((end) => {
          this.#end = end;
          resolve();
        }),
    );
    return promise;
  }

  #release(): void {
    this.#end?.();
    this.#end = undefined;
  }
}

/** Terminate, which has no answer. */
function leaves(message: Uint8Array): boolean {
  return message[0] === "X".charCodeAt(0);
}

/** Sync, without which nothing is heard of after a failure; then a Query. */
const rollback = Buffer.from("S\0\0\0\x04Q\0\0\0\x0drollback\0");

/**
 * The status that PostgreSQL gives when it is ready for the next question: `Z`, a length of 5, and a letter.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
function statusIn(end: Buffer): string | undefined {
  return end.length === 6 && end.toString("latin1", 0, 5) === "Z\0\0\0\x05"
    ? String.fromCharCode(end[5] ?? 0)
    : undefined;
}
