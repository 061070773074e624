import type { Clock, Timer } from "../../base/clock.ts";

/** Something with results to hand to many. */
export interface FanOutSource {
  /**
   * Hands results to about `budget` members at most; many results for one count as several. Answers how many it reached;
   * fewer than `budget` means it is done, unless it says that it is {@link unfinished}.
   */
  distribute(budget: number): number;
  /** True: what is left needs the time of another turn. */
  readonly unfinished: boolean;
}

/** Something with messages to write. */
export interface FanOutTarget {
  /** True if messages may still arrive for it in this turn, so that writing now would mean writing twice. */
  readonly mayReceiveMore: boolean;
  flush(): void;
}

/** Milliseconds of one turn in which events are executed; what is left then waits for the next turn. */
const turnMilliseconds = 8;

/**
 * Carries results from cohorts to sockets at the end of the turn of the event loop: what was published in one turn
 * leaves each socket in one write. A large fan-out is cut into slices, one per turn, so that the loop goes on answering;
 * and so is executing, by the time that it takes.
 */
export class FanOut implements Disposable {
  readonly #clock: Clock;
  readonly #slice: number;
  readonly #inContext: (callback: () => void) => void;
  readonly #sources = new Set<FanOutSource>();
  #targets: FanOutTarget[] = [];
  /** Those that had to wait for a whole turn: more may come for them, but they are not kept waiting any longer. */
  #overdue: FanOutTarget[] = [];
  #timer: Timer | undefined;
  /** When the first event of this turn was executed; undefined: none was yet. */
  #executing: number | undefined;

  /** @param slice members that are served in one turn. */
  constructor(clock: Clock, slice: number, inContext: (callback: () => void) => void) {
    this.#clock = clock;
    this.#slice = slice;
    this.#inContext = inContext;
  }

  addSource(source: FanOutSource): void {
    this.#sources.add(source);
    this.#arm();
  }

  /** A target adds itself once, and again after it was flushed. */
  addTarget(target: FanOutTarget): void {
    this.#targets.push(target);
    this.#arm();
  }

  /** Whether one more event may be executed in this turn. If not, the one who asks is to be a source of the next. */
  mayExecute(): boolean {
    if (this.#executing === undefined) {
      this.#executing = this.#clock.now();
      this.#arm();
      return true;
    }
    return this.#clock.now() - this.#executing < turnMilliseconds;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#sources.clear();
    this.#targets = [];
    this.#overdue = [];
  }

  #arm(): void {
    this.#timer ??= this.#clock.defer(() => this.#inContext(() => this.#turn()));
  }

  #turn(): void {
    this.#timer = undefined;
    this.#executing = undefined;
    let budget = this.#slice;
    const unfinished: FanOutSource[] = [];
    for (const source of this.#sources) {
      budget -= this.#serve(source, budget);
      if (source.unfinished) unfinished.push(source);
      if (budget <= 0) break;
    }
    for (const source of unfinished) this.#sources.add(source);
    this.#flush(budget);
    if (this.#sources.size > 0 || this.#targets.length > 0 || this.#overdue.length > 0) this.#arm();
  }

  /** Writes to each target as soon as it was reached, while it is still in the processor's cache. */
  #serve(source: FanOutSource, budget: number): number {
    const reached = source.distribute(budget);
    this.#sources.delete(source);
    // One that is not done comes after the others in the next turn.
    if (reached >= budget) this.#sources.add(source);
    if (this.#targets.length > 0) this.#flushServed();
    return reached;
  }

  #flushServed(): void {
    const targets = this.#targets;
    this.#targets = [];
    for (const target of targets) {
      if (target.mayReceiveMore) this.#targets.push(target);
      else target.flush();
    }
  }

  #flush(budget: number): void {
    const overdue = this.#overdue;
    if (this.#sources.size > 0) {
      this.#overdue = this.#targets;
      this.#targets = [];
    } else if (overdue.length > 0) this.#overdue = [];
    for (const target of overdue) target.flush();
    if (this.#sources.size > 0 || this.#targets.length === 0) return;
    const targets = this.#targets.splice(0, Math.max(budget, 1));
    for (const target of targets) target.flush();
  }
}
