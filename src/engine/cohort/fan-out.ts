import type { Scheduler } from "../../base/scheduler.ts";

/** A producer of results for many members: a cohort. */
export interface FanOutSource {
  /**
   * Hands results to about `budget` members at most; many results for one member count as several members. Returns the
   * number reached. Fewer than `budget` means that the source is done, unless it is {@link unfinished}.
   */
  distribute(budget: number): number;
  /** Whether events are left to be executed in a later turn. */
  readonly unfinished: boolean;
}

/** A consumer that buffers messages until it is flushed: a session's writer. */
export interface FanOutTarget {
  /** Whether more messages may arrive in this turn: write coalescing delays the flush then. */
  readonly mayReceiveMore: boolean;
  flush(): void;
}

/**
 * Carries results from cohorts to sockets at the end of each turn of the event loop: the results of one turn leave each
 * socket in one write (write coalescing). A large fan-out is cut into slices of members, one per turn, and execution
 * into time slices, so that neither starves sockets and timers.
 */
export class FanOut implements Disposable {
  readonly #scheduler: Scheduler;
  readonly #slice: number;
  readonly #inContext: (callback: () => void) => void;
  readonly #sources = new Set<FanOutSource>();
  #targets: FanOutTarget[] = [];
  /** Targets that have waited for a whole turn. They are flushed in this turn, even if more messages may arrive. */
  #overdue: FanOutTarget[] = [];
  #armed = false;

  /** @param slice members served per turn. */
  constructor(scheduler: Scheduler, slice: number, inContext: (callback: () => void) => void) {
    this.#scheduler = scheduler;
    this.#slice = slice;
    this.#inContext = inContext;
  }

  addSource(source: FanOutSource): void {
    this.#sources.add(source);
    this.#arm();
  }

  /** Adds a target. It must not be added again before it was flushed. */
  addTarget(target: FanOutTarget): void {
    this.#targets.push(target);
    this.#arm();
  }

  /** Whether this turn has time for one more execution. If not, the caller has to add itself as a source. */
  mayExecute(): boolean {
    return this.#scheduler.hasTime;
  }

  [Symbol.dispose](): void {
    this.#sources.clear();
    this.#targets = [];
    this.#overdue = [];
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#scheduler.atEnd(this.#turnInContext);
  }

  readonly #turnInContext = (): void => this.#inContext(this.#turn);

  readonly #turn = (): void => {
    this.#armed = false;
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
  };

  /** Serves a source and flushes the targets it reached at once, while these are still in the processor's cache. */
  #serve(source: FanOutSource, budget: number): number {
    const reached = source.distribute(budget);
    this.#sources.delete(source);
    // Round-robin: a source that is not done comes after the others in the next turn.
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
