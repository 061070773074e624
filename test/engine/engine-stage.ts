import type { GraphQLError, GraphQLSchema } from "graphql";
import type { GapReason } from "../../src/contract/broker.ts";
import type { Member, RunningSubscription } from "../../src/engine/cohort/member.ts";
import { Engine, type EngineOptions } from "../../src/engine/engine.ts";
import type { Delivery } from "../../src/engine/execution/delivery.ts";
import { maskError } from "../../src/engine/execution/error-format.ts";
import { topicLimits } from "../../src/engine/plan/topic-limits.ts";
import { turns } from "../../src/testing/client.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { NotingLog } from "../server/noting-log.ts";
import { ScriptedBroker } from "./scripted-broker.ts";

const decoder = new TextDecoder();

/** A member that writes down what it is told: results as JSON, `gap fork`, `complete`, `overflow`. */
export class NotedMember implements Member {
  readonly heard: string[] = [];
  readonly batches: number[] = [];
  /** What an application does while its client is handed results, once. */
  meanwhile: (() => void) | undefined;
  readonly #context: object;
  #running: RunningSubscription | undefined;

  constructor(context: object = {}) {
    this.#context = context;
  }

  get running(): RunningSubscription {
    if (!this.#running) throw new TypeError("Not subscribed yet");
    return this.#running;
  }

  joined(running: RunningSubscription): void {
    this.#running = running;
  }

  deliver(deliveries: readonly Delivery[]): void {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    meanwhile?.();
    this.batches.push(deliveries.length);
    for (const { bytes } of deliveries) this.heard.push(decoder.decode(bytes));
  }

  gap(reason: GapReason): void {
    this.heard.push(`gap ${reason}`);
  }

  complete(): void {
    this.heard.push("complete");
    this.#running?.end();
  }

  fail(errors: readonly GraphQLError[]): void {
    this.heard.push(`error ${errors.join()}`);
  }

  conflated(count: number): void {
    this.heard.push(`conflated ${count}`);
  }

  overflow(): void {
    this.heard.push("overflow");
  }

  overloaded(): void {
    this.heard.push("overloaded");
  }

  whenTaken(): Promise<void> | undefined {
    return undefined;
  }

  whenReady(): undefined {
    return undefined;
  }

  context(): object {
    return this.#context;
  }
}

/** An engine without sessions: the test is the broker, the clock and the members. */
export class EngineStage implements AsyncDisposable {
  readonly broker = new ScriptedBroker();
  readonly clock = fakeClock();
  readonly log = new NotingLog();
  readonly engine: Engine;

  constructor(schema: GraphQLSchema, options: Partial<EngineOptions> = {}) {
    this.engine = new Engine({
      schema,
      broker: this.broker,
      clock: this.clock,
      log: this.log,
      triggers: {},
      shareBy: undefined,
      sharedContext: () => ({}),
      formatError: maskError,
      formatResponse: undefined,
      documentLimits: {},
      documentCache: { maxEntries: 1_000, maxBytes: 1_000_000 },
      topicLimits: topicLimits(),
      introspection: true,
      strictRootField: false,
      rules: [],
      linger: 0,
      slice: 512,
      concurrency: 64,
      backlog: 16_384,
      backlogInAll: 4_000_000,
      snapshots: 16,
      inContext: (callback) => callback(),
      ...options,
    });
  }

  /** A member that is live. */
  async join(query: string, member: NotedMember = new NotedMember()): Promise<NotedMember> {
    const prepared = this.engine.prepare({ query });
    if ("errors" in prepared) throw new TypeError(prepared.errors.join());
    member.joined(this.engine.join(await this.engine.plan(prepared, member.context()), member));
    await member.running.live;
    return member;
  }

  /** Lets promises settle, and then everything be delivered. */
  async deliver(): Promise<void> {
    await turns(1);
    for (let turn = 0; turn < 100 && this.clock.pending > 0; turn += 1) this.clock.turn();
    await turns(1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }
}
