import type { DialectModel } from "../faults/models/dialect-model.ts";

/** What a client may ask to run. */
export type FieldName = "hi" | "held" | "shared" | "slow" | "own" | "first";

export interface Asked {
  readonly run: number;
  readonly id: string;
  readonly field: FieldName;
  readonly topic: string;
  /** The application's `onSubscribe` refuses it. */
  readonly refused: boolean;
}

/** What the field `first` begins with. */
const firstValue = "1000";

interface Owed {
  readonly what: string;
  /** Published while the operation was about to be live: it may be delivered, and need not. */
  readonly optional: boolean;
}

/** One operation: `asked`, nothing of it has begun; `joining`, it may hear events; `live`, it must; `over`. */
interface Run extends Asked {
  phase: "asked" | "joining" | "live" | "over";
  /** By its client, or because another took its place: nothing more may come. */
  stopped: boolean;
  /** Its topic ended before it was live: it may be over, or not. */
  doubtful: boolean;
  readonly owed: Owed[];
  heard: number;
}

export interface Told {
  readonly id: string | undefined;
  readonly what: string;
}

/**
 * One connection, as PROTOCOL 2, 3, 5 and 10 tell it: who is owed what, and when nothing may be sent any more. It is told
 * what happens one thing after the other, each when the one before has had all its effects.
 */
export class InterleavingModel {
  /** What went against the protocol. */
  readonly objections: string[] = [];
  /** Whether the connection's `onConnect` has accepted it. */
  accepted = false;
  readonly #dialect: DialectModel;
  #init: "none" | "asked" | "accepted" = "none";
  #acknowledged = false;
  /** Codes that this side must close with by now, or may. */
  #due: readonly number[] = [];
  #mayClose: readonly number[] = [];
  #closed = false;
  #refusals = 0;
  readonly #runs: Run[] = [];

  constructor(dialect: DialectModel) {
    this.#dialect = dialect;
  }

  get closed(): boolean {
    return this.#closed;
  }

  init(): void {
    if (this.#init === "none") this.#init = "asked";
    else this.#due = [4429];
  }

  decided(accepts: boolean): void {
    this.accepted ||= accepts;
    if (this.#closed) return;
    if (accepts) this.#init = "accepted";
    else {
      this.#refusals = 1;
      this.#due = [this.#dialect.wrong === "close" ? 4403 : 1011];
    }
  }

  start(asked: Asked): void {
    const { duplicate, early } = this.#dialect;
    if (early === "close" && this.#init !== "accepted") {
      this.#due = [4401];
      return;
    }
    const former = this.#last(asked.id);
    if (former && isInUse(former)) {
      if (duplicate === "replace") former.stopped = true;
      else if (isRunning(former)) {
        this.#due = [4409];
        return;
      } else if (isSubscription(former)) {
        // Its end waits for results that are not there yet, or was never to be.
        this.#mayClose = [4409];
      }
    }
    const run: Run = { ...asked, phase: "asked", stopped: false, doubtful: false, owed: [], heard: 0 };
    this.#runs.push(run);
    // PROTOCOL 10.9.
    if (!isSubscription(run) && this.#dialect.courses.result.steps[0]?.error !== undefined) this.#fail(run);
  }

  stop(id: string): void {
    for (const run of this.#runs) if (run.id === id) run.stopped = true;
  }

  leave(): void {
    this.#due = [1000];
  }

  /** This side was told to close. */
  ends(code: number): void {
    if (!this.#closed) this.#due = [code];
  }

  /** The application's `onSubscribe` was asked about a run and has answered. */
  admitted(id: number): void {
    const run = this.#find(id);
    if (run.refused) this.#fail(run);
  }

  /** A run has its context; what follows of a query needs nobody. */
  begun(id: number): void {
    const run = this.#find(id);
    if (run.phase !== "asked") return;
    if (run.field === "hi") this.answered(id);
    else run.phase = "joining";
  }

  /** A query has its result. */
  answered(id: number): void {
    const run = this.#find(id);
    run.phase = "over";
    this.#owe(run, "hello");
    this.#owe(run, "complete");
  }

  /** The server says that a subscription is live. */
  live(id: string, confirmed: ReadonlySet<string>): void {
    const run = this.#last(id);
    if (!run || run.stopped || this.#closed || run.phase !== "joining") return this.#object(`${id} is said to be live`);
    if (!confirmed.has(run.topic)) this.#object(`${id} is said to be live before its topic is`);
    run.phase = "live";
    // If its topic may have ended for it before it was live, the first value need not come any more.
    if (run.field === "first") run.owed.unshift({ what: firstValue, optional: run.doubtful });
    if ("started" in (this.#dialect.courses.events.steps[0] ?? {}))
      run.owed.unshift({ what: "started", optional: false });
  }

  published(topic: string, n: number, isFailure: boolean): void {
    for (const run of this.#listeners(topic)) {
      const what = isFailure && (run.field === "slow" || run.field === "own") ? `failed ${n}` : String(n);
      run.owed.push({ what, optional: run.phase === "joining" || run.doubtful });
    }
  }

  ended(topic: string): void {
    for (const run of this.#listeners(topic)) {
      const optional = run.phase === "joining" || run.doubtful;
      // A first value that was not there yet need not come any more.
      const first = run.owed.findIndex(({ what }) => what === firstValue);
      if (first >= run.heard) run.owed[first] = { what: firstValue, optional: true };
      if (optional) run.doubtful = true;
      else run.phase = "over";
      if (this.#dialect.words.stop !== "subscription_end") run.owed.push({ what: "complete", optional });
    }
  }

  heard({ id, what }: Told): void {
    if (this.#closed) return this.#object(`${what} for ${id} after the end`);
    if (id === undefined) return this.#heardOfConnection(what);
    if (this.#init !== "accepted") this.#object(`${what} for ${id} before the acknowledgement`);
    const candidates = this.#runs.filter((run) => run.id === id && !run.stopped);
    for (const run of candidates) {
      if (!take(run, what)) continue;
      if (what === "complete" || what === "error") finish(run);
      return;
    }
    this.#object(`${what} for ${id}, of which is due ${JSON.stringify(candidates)}`);
  }

  /** The server closes the connection. */
  closing(code: number): void {
    if (this.#closed) return this.#object(`a second close ${code}`);
    if (![...this.#due, ...this.#mayClose].includes(code)) this.#object(`the close code ${code}`);
    this.#closed = true;
  }

  /** The connection is gone. */
  gone(): void {
    this.#closed = true;
  }

  /** What one thing that happened may have led to has happened. */
  settled(): void {
    if (!this.#closed && this.#due.length > 0) this.#object(`no close with ${this.#due.join()}`);
    this.#due = [];
    this.#mayClose = [];
  }

  /** Nothing more will happen: everything that was due has to be there. */
  finished(): void {
    if (this.#closed) return;
    if (this.#init === "accepted" && !this.#acknowledged) this.#object("no acknowledgement");
    if (this.#init !== "accepted") return;
    for (const run of this.#runs) {
      if (run.stopped || run.doubtful) continue;
      if (run.phase === "asked" || run.phase === "joining") this.#object(`nothing has come of ${JSON.stringify(run)}`);
      const missing = run.owed.slice(run.heard).filter(({ optional }) => !optional);
      if (missing.length > 0) this.#object(`not sent for ${run.id}: ${missing.map(({ what }) => what).join()}`);
    }
  }

  #heardOfConnection(what: string): void {
    if (what === "ack" && this.#init === "accepted" && !this.#acknowledged) this.#acknowledged = true;
    else if (what === "refused" && this.#refusals === 1) this.#refusals = 0;
    else if (what !== "alive") this.#object(`the message ${what}`);
  }

  #listeners(topic: string): readonly Run[] {
    return this.#runs.filter(
      (run) => run.topic === topic && !run.stopped && isSubscription(run) && ["joining", "live"].includes(run.phase),
    );
  }

  #fail(run: Run): void {
    run.phase = "over";
    const { error } = this.#dialect.courses;
    if (error.steps[0]?.error !== undefined) return this.#owe(run, "error");
    this.#owe(run, "failed refused");
    this.#owe(run, "complete");
  }

  #owe(run: Run, what: string): void {
    run.owed.push({ what, optional: false });
  }

  /** The one that a client means by an id. */
  #last(id: string): Run | undefined {
    return this.#runs.findLast((run) => run.id === id);
  }

  #find(id: number): Run {
    const run = this.#runs.find((each) => each.run === id);
    if (!run) throw new RangeError(`No run ${id}`);
    return run;
  }

  #object(objection: string): void {
    this.objections.push(objection);
  }
}

function isSubscription({ field }: Asked): boolean {
  return field !== "hi" && field !== "held";
}

/** Its client has no reason to believe that it is over. */
function isInUse(run: Run): boolean {
  return !run.stopped && (run.phase !== "over" || run.heard < run.owed.length);
}

function isRunning(run: Run): boolean {
  return run.phase !== "over" && !run.doubtful;
}

/** Whatever may have been due after its last message is not due any more. */
function finish(run: Run): void {
  run.phase = "over";
  run.owed.length = run.heard;
}

/** Counts a message as one that was due; those before it must have been optional. */
function take(run: Run, what: string): boolean {
  const index = run.owed.findIndex((owed, at) => at >= run.heard && owed.what === what);
  if (index < 0 || run.owed.slice(run.heard, index).some(({ optional }) => !optional)) return false;
  run.heard = index + 1;
  return true;
}
