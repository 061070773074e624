import type { Scheduler } from "../../base/scheduler.ts";

/** A producer of results for many members: a cohort. */
export interface FanOutSource {
  /**
   * Hands results to about `budget` members at most; many results for one member count as several members. Executes
   * events that wait, as long as the turn has time. Returns the number of members reached. Fewer than `budget` means
   * that no result is left to hand on.
   */
  distribute(budget: number): number;
  /** Whether events are left to be executed, and may be. */
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
  /** Sources with results to hand on. */
  readonly #sources = new Set<FanOutSource>();
  /** Sources with events to execute. There may be many thousands: a turn looks at those only that it has time for. */
  readonly #unfinished = new Set<FanOutSource>();
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

  /** Adds a source with results to hand on. */
  addSource(source: FanOutSource): void {
    this.#sources.add(source);
    this.#arm();
  }

  /** Adds a source with events to execute. */
  addUnfinished(source: FanOutSource): void {
    this.#unfinished.add(source);
    this.#arm();
  }

  /** Forgets a source that has nobody left to hand results to. */
  forget(source: FanOutSource): void {
    this.#sources.delete(source);
    this.#unfinished.delete(source);
  }

  /** Adds a target. It must not be added again before it was flushed. */
  addTarget(target: FanOutTarget): void {
    this.#targets.push(target);
    this.#arm();
  }

  /** Whether this turn has time for one more execution. If not, the caller has to {@link addUnfinished} itself. */
  mayExecute(): boolean {
    return this.#scheduler.hasTime;
  }

  [Symbol.dispose](): void {
    this.#sources.clear();
    this.#unfinished.clear();
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
    let budget = this.#handOn(this.#slice);
    budget = this.#execute(budget);
    // An application may publish while its events are executed.
    budget = this.#handOn(budget);
    this.#flush(budget);
    if (this.#hasMore || this.#targets.length > 0 || this.#overdue.length > 0) this.#arm();
  };

  /** Serves the sources with results to hand on. Returns what is left of the budget. */
  #handOn(budget: number): number {
    let left = budget;
    for (const source of this.#sources) {
      if (left <= 0) break;
      left -= this.#serve(source, left);
    }
    return left;
  }

  /** Serves sources with events to execute, as far as the turn has time. Returns what is left of the budget. */
  #execute(budget: number): number {
    let left = budget;
    for (const source of this.#unfinished) {
      if (left <= 0 || !this.mayExecute()) break;
      left -= this.#serve(source, left);
    }
    return left;
  }

  get #hasMore(): boolean {
    return this.#sources.size > 0 || this.#unfinished.size > 0;
  }

  /** Serves a source and flushes the targets it reached at once, while these are still in the processor's cache. */
  #serve(source: FanOutSource, budget: number): number {
    const reached = source.distribute(budget);
    // Round-robin: a source that is not done comes after the others in the next turn.
    this.#sources.delete(source);
    this.#unfinished.delete(source);
    if (reached >= budget) this.#sources.add(source);
    if (source.unfinished) this.#unfinished.add(source);
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
    if (this.#hasMore) {
      this.#overdue = this.#targets;
      this.#targets = [];
    } else if (overdue.length > 0) this.#overdue = [];
    for (const target of overdue) target.flush();
    if (this.#hasMore || this.#targets.length === 0) return;
    const targets = this.#targets.splice(0, Math.max(budget, 1));
    for (const target of targets) target.flush();
  }
}
