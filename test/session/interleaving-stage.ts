import { GraphQLError, GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import type * as fc from "fast-check";
import { silentLog, subscription } from "fanfare";
import { memoryBroker } from "fanfare/brokers/memory";
import type { SubscriptionOptions } from "fanfare/declare";
import type { Broker, Clock, Dialect, Timer } from "fanfare/contract";
import { fakeClock } from "fanfare/testing";
import { publish } from "../../src/declare/publish.ts";
import { Deadlines } from "../../src/base/deadlines.ts";
import { Engine } from "../../src/engine/engine.ts";
import { maskError } from "../../src/engine/execution/error-format.ts";
import { topicLimits } from "../../src/engine/plan/topic-limits.ts";
import { contextWith } from "../../src/operation/context.ts";
import type { SessionHooks } from "../../src/operation/connection.ts";
import type { SessionHost } from "../../src/session/host.ts";
import { sessionLimits } from "../../src/session/limits.ts";
import { RateLimit } from "../../src/session/rate-limit.ts";
import { RequestBudget } from "../../src/session/request-budget.ts";
import { SessionRegistry } from "../../src/session/registry.ts";
import { Session } from "../../src/session/session.ts";
import type { RecordingSocket } from "./recording-socket.ts";

/** An event's payload. Every fifth one cannot be resolved where a field has a resolver. */
export interface News {
  readonly n: number;
}

export function fails(n: number): boolean {
  return n % 5 === 0;
}

/** Waits until the scheduler says that it is time. */
export type Gate = (what: string) => Promise<void>;

/** Time that stands still, and turns of the event loop that end whenever the scheduler says so. */
class ScheduledTime implements Clock {
  readonly #clock = fakeClock();
  readonly #gate: Gate;
  #deferred = 0;

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** How many timers and turns are alive. */
  get pending(): number {
    return this.#clock.pending + this.#deferred;
  }

  now(): number {
    return this.#clock.now();
  }

  after(milliseconds: number, callback: () => void): Timer {
    return this.#clock.after(milliseconds, callback);
  }

  every(milliseconds: number, callback: () => void): Timer {
    return this.#clock.every(milliseconds, callback);
  }

  /** Lets time go on. */
  pass(milliseconds: number): void {
    this.#clock.advance(milliseconds);
  }

  defer(callback: () => void): Timer {
    let disposed = false;
    this.#deferred += 1;
    void this.#gate("turn").then(() => {
      this.#deferred -= 1;
      if (!disposed) callback();
    });
    return { [Symbol.dispose]: () => (disposed = true) };
  }
}

/** What the world outside of a server does. */
export interface World {
  readonly gate: Gate;
  readonly hooks: SessionHooks;
  /** Before the context of a run is made. */
  readonly onContext: (run: unknown) => Promise<void>;
  /** When a query's slow resolver has its value. */
  readonly onHeld: (run: unknown) => Promise<void>;
}

/** The rooms of a server from the broker to its sessions, of which everything asynchronous waits for a scheduler. */
export class InterleavingStage {
  readonly gate: Gate;
  readonly #engine: Engine;
  readonly #registry: SessionRegistry;
  /** Topics whose subscription the broker has confirmed. */
  readonly confirmed: Set<string> = new Set();
  readonly #clock: ScheduledTime;
  readonly #broker: Broker;
  readonly #host: SessionHost;
  readonly #deadlines: readonly Deadlines[];

  constructor({ gate, hooks, onContext, onHeld }: World) {
    const clock = new ScheduledTime(gate);
    this.gate = gate;
    this.#clock = clock;
    this.#broker = this.#gated(memoryBroker({ clock, history: { milliseconds: Infinity } }), gate);
    this.#engine = new Engine({
      schema: schemaWith(gate, onHeld),
      broker: this.#broker,
      clock,
      log: silentLog,
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
      slice: 3,
      concurrency: 64,
      backlog: 16_384,
      backlogInAll: 4_000_000,
      snapshots: 16,
      inContext: (callback) => callback(),
    });
    const limits = sessionLimits();
    this.#registry = new SessionRegistry(limits, clock, Infinity);
    const slow = new Deadlines(clock, 1_000);
    const init = new Deadlines(clock, limits.initMilliseconds);
    const ack = new Deadlines(clock, limits.ackMilliseconds);
    this.#deadlines = [slow, init, ack];
    this.#host = {
      engine: this.#engine,
      fanOut: this.#engine.fanOut,
      clock,
      log: silentLog,
      limits,
      rate: new RateLimit(limits.messagesPerSecond, limits.messageBurst),
      byteRate: new RateLimit(limits.bytesPerSecond, limits.byteBurst),
      requests: new RequestBudget(limits),
      hooks,
      formatError: maskError,
      ordering: "concurrent",
      warnAfter: 1_000,
      slow,
      init,
      ack,
      registry: this.#registry,
      contextOf: async (_connection, request, operation) => {
        const run = request.extensions?.["run"];
        // Of a subscription only the first one is waited for: the others belong to its events.
        await onContext(run);
        return contextWith({ run }, operation);
      },
    };
  }

  session(socket: RecordingSocket, dialect: Dialect, id: string): Session {
    const session = new Session(this.#host, socket, dialect, id);
    this.#registry.add(session);
    return session;
  }

  async publish(topic: string, n: number): Promise<void> {
    await publish(this.#broker, this.#clock, topic, { payload: { n } });
  }

  /** The server shuts down. */
  drain(): void {
    this.#registry.drain();
  }

  async end(topic: string): Promise<void> {
    await publish(this.#broker, this.#clock, topic, { payload: null, end: true });
  }

  /** Lets time go on until every timer that is not set again has fired. */
  elapse(): void {
    this.#clock.pass(60_000);
  }

  /** What is left of anybody. */
  get left(): object {
    const { hub, cohorts } = this.#engine;
    return {
      sessions: this.#registry.size,
      topics: hub.topics,
      cohorts: cohorts.shared,
      deadlines: this.#deadlines.reduce((sum, { size }) => sum + size, 0),
      pending: this.#clock.pending,
    };
  }

  /** A broker that takes its time to confirm, while events flow already, and to let go. */
  #gated(broker: Broker, gate: Gate): Broker {
    const { confirmed } = this;
    return {
      supports: broker.supports,
      open: (sink, signal) => broker.open(sink, signal),
      async subscribe(topics) {
        const positions = await broker.subscribe(topics);
        await gate(`confirm ${topics.join()}`);
        for (const topic of topics) confirmed.add(topic);
        return positions;
      },
      async unsubscribe(topics) {
        for (const topic of topics) confirmed.delete(topic);
        await gate(`leave ${topics.join()}`);
        await broker.unsubscribe(topics);
      },
      publish: (events) => broker.publish(events),
      [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
    };
  }
}

const newsType = new GraphQLObjectType({ name: "News", fields: { n: { type: GraphQLInt } } });

function field(more: Partial<SubscriptionOptions<object, { topic: string }, News, News>> = {}) {
  return {
    type: newsType,
    args: { topic: { type: new GraphQLNonNull(GraphQLString) } },
    ...subscription<object, { topic: string }, News>({ topics: ({ topic }) => [topic], ...more }),
  };
}

/** Fields that are shared, shared and slow, and private; one with a first value; and queries. */
function schemaWith(gate: Gate, onHeld: (run: unknown) => Promise<void>): GraphQLSchema {
  const slowly = async (news: News): Promise<News> => {
    await gate(`resolve ${news.n}`);
    if (fails(news.n)) throw new GraphQLError(String(news.n));
    return news;
  };
  const initial = async (): Promise<News> => {
    await gate("initial");
    return { n: 1_000 };
  };
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: "Query",
      fields: {
        hi: { type: GraphQLString, resolve: () => "hello" },
        held: {
          type: GraphQLString,
          async resolve(_source, _args, { run }) {
            await onHeld(run);
            return "hello";
          },
        },
      },
    }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: {
        shared: field(),
        slow: field({ resolve: slowly }),
        own: field({ resolveFor: slowly }),
        first: field({ initial }),
      },
    }),
  });
}

/** A gate that a scheduler of fast-check keeps. */
export function gateOf(scheduler: fc.Scheduler): Gate {
  return (what) => scheduler.schedule(Promise.resolve(), what);
}
