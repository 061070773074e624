import type { Clock } from "../base/clock.ts";
import { FanfareError } from "../base/error.ts";
import { Backoff, nextTurn } from "../base/pause.ts";
import type { Broker } from "../contract/broker.ts";
import type { Log } from "../contract/log.ts";
import type { Batch, Source, SourceState } from "../contract/source.ts";
import { telemetry } from "../contract/telemetry.ts";
import { type PlacedEvent, RelayEvents } from "./events.ts";
import { RelayProgress } from "./progress.ts";
import type { RelayedModel } from "./relayed-model.ts";

export interface RelayParts {
  readonly source: Source;
  readonly broker: Broker;
  readonly models: readonly RelayedModel[];
  /** Back-pressure: see `RelayOptions`. */
  readonly whenReady: () => Promise<void> | undefined;
  readonly clock: Clock;
  readonly log: Log | undefined;
}

/** Reads and publishes batch after batch until it is disposed, with exponential back-off after failures. */
export class RelayLoop implements AsyncDisposable {
  readonly started: Promise<void>;
  readonly #parts: RelayParts;
  readonly #events: RelayEvents;
  readonly #owner = new AbortController();
  readonly #start = Promise.withResolvers<void>();
  readonly #backoff: Backoff;
  readonly #ended: Promise<void>;
  #progress: RelayProgress | undefined;
  #leading = false;
  #warned = false;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.#events = new RelayEvents(parts.models);
    this.#backoff = new Backoff(parts.clock, this.#owner.signal);
    this.started = this.#start.promise;
    // An application need not await `started`, and an unhandled rejection would end the process.
    this.started.catch(() => undefined);
    this.#ended = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#owner.abort();
    this.#start.reject(new FanfareError("CLOSED", "The relay was disposed before it had started"));
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#owner;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        this.#report(error);
      }
      this.#tellLeading(false);
      await this.#backoff.wait();
    }
  }

  /** Publishes the source's batches until the source fails or `signal` aborts. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { source } = this.#parts;
    for await (const batch of source.changes(signal, (state) => this.#enter(state))) {
      this.#enter("leading");
      await this.#publish(batch);
      await batch.confirm();
      this.#backoff.reset();
      const channel = telemetry["relay.published"];
      if (channel.hasSubscribers) {
        channel.publish({ source: source.name, changes: batch.changes.length, ...batch.lag });
      }
      // Where source and broker settle in the same turn, a backlog would starve sockets and timers.
      await nextTurn(this.#parts.clock, signal);
      await this.#parts.whenReady();
      if (signal.aborted) return;
    }
  }

  #enter(state: SourceState): void {
    this.#start.resolve();
    if (state === "leading") this.#tellLeading(true);
    else this.#warnOfSilence();
  }

  /** Warns, once, that a broker within one process gets none of the changes that another process publishes. */
  #warnOfSilence(): void {
    const { broker, log, source } = this.#parts;
    if (broker.supports.acrossProcesses || this.#warned) return;
    this.#warned = true;
    log?.warn(
      "Another process publishes the changes of this database, and the broker here does not hear of them: clients of this process are told nothing until it leads itself. Give both a broker that reaches across processes",
      { source: source.name },
    );
  }

  /**
   * Publishes a batch, as often as needed, and resolves when the broker has stored all its events.
   *
   * @throws FanfareError LEAD_LOST when the lease has expired, CLOSED after disposal.
   */
  async #publish(batch: Batch): Promise<void> {
    const { broker, clock, source } = this.#parts;
    if (this.#progress?.token !== batch.fence.token) this.#progress = new RelayProgress(broker, batch.fence.token);
    const progress = this.#progress;
    const backoff = new Backoff(clock, this.#owner.signal);
    for (let left = this.#events.of(batch.changes); left.length > 0;) {
      if (this.#owner.signal.aborted) throw new FanfareError("CLOSED", "The relay was disposed");
      if (!batch.leads()) throw new FanfareError("LEAD_LOST", `${source.name}: the time of this leader is up`);
      const stored = await this.#attempt(left, progress, batch);
      left = left.slice(stored);
      if (left.length > 0) await backoff.wait();
    }
  }

  /**
   * Publishes events and returns the number of stored ones before the first failure. Events behind a failure count as
   * not stored, which keeps the order.
   */
  async #attempt(events: readonly PlacedEvent[], progress: RelayProgress, batch: Batch): Promise<number> {
    const { broker } = this.#parts;
    try {
      const unpublished = await progress.unpublished(events, batch.mayRepeat);
      const receipts = await broker.publish(
        unpublished.map(({ event }) => event),
        batch.fence,
      );
      for (const [index, receipt] of receipts.entries()) {
        if ("stored" in receipt) continue;
        const failed = unpublished[index];
        this.#reportEvent(failed, "unknown" in receipt ? receipt.unknown : receipt.notStored);
        return failed ? events.indexOf(failed) : 0;
      }
      return events.length;
    } catch (error) {
      this.#reportEvent(events[0], error);
      return 0;
    }
  }

  #tellLeading(leads: boolean): void {
    if (this.#leading === leads) return;
    this.#leading = leads;
    telemetry["relay.leading"].publish({ source: this.#parts.source.name, leads });
  }

  #report(error: unknown): void {
    if (this.#owner.signal.aborted) return;
    const { log, source } = this.#parts;
    const code = error instanceof FanfareError ? error.code : undefined;
    const details = { source: source.name, error };
    this.#tellFailed(error);
    if (code === "SOURCE_UNAVAILABLE" || code === "LEAD_LOST")
      log?.warn("A database is not read for the moment", details);
    else if (code === "SOURCE_LOST")
      log?.error("Changes of a database are lost; clients are told to read again", details);
    else log?.error("A database cannot be read; it is tried again", details);
    if (code !== "SOURCE_NOT_READY") return;
    this.#start.reject(error);
    this.#backoff.slow();
  }

  #reportEvent(failed: PlacedEvent | undefined, error: unknown): void {
    const { log, source } = this.#parts;
    this.#tellFailed(error);
    const details = { source: source.name, topic: failed?.event.topic, event: failed?.event.id, error };
    log?.warn("The broker did not store a change; it is published again", details);
  }

  #tellFailed(error: unknown): void {
    const channel = telemetry["relay.failed"];
    if (!channel.hasSubscribers) return;
    const why = error instanceof Error ? error.message : String(error);
    channel.publish({ source: this.#parts.source.name, why });
  }
}
