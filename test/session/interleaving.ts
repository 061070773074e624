import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type * as fc from "fast-check";
import { GraphQLError } from "graphql";
import type { Dialect } from "fanfare/contract";
import type { DialectModel } from "../faults/models/dialect-model.ts";
import { InterleavingClient, type ClientStep } from "./interleaving-client.ts";
import { fails, gateOf, InterleavingStage, type Gate } from "./interleaving-stage.ts";

/** What happens to everybody. */
export interface WorldStep {
  readonly what: "publish" | "end" | "drain";
  readonly topic: string;
}

/** Clients and a world whose doings happen in the order that a scheduler chooses, one thing after the other. */
export class Interleaving implements Disposable {
  readonly #scheduler: fc.Scheduler;
  readonly #gate: Gate;
  readonly #stage: InterleavingStage;
  readonly #dialect: Dialect;
  readonly #model: DialectModel;
  readonly #clients: InterleavingClient[] = [];
  #published = 0;

  constructor(scheduler: fc.Scheduler, dialect: Dialect, model: DialectModel) {
    this.#scheduler = scheduler;
    this.#gate = gateOf(scheduler);
    this.#dialect = dialect;
    this.#model = model;
    this.#stage = this.#open();
    subscribe("fanfare:operation.started", this.#started);
  }

  /** What went against the protocol. */
  get objections(): readonly string[] {
    return this.#clients.flatMap((client) => client.objections);
  }

  /** What is left of anybody. */
  get left(): object {
    return this.#stage.left;
  }

  addClient(script: readonly ClientStep[]): void {
    const client = new InterleavingClient(this.#stage, this.#dialect, this.#model, this.#clients.length + 1);
    this.#clients.push(client);
    this.#scheduler.scheduleSequence(
      script.map((step) => ({ label: JSON.stringify(step), builder: () => client.take(step) })),
    );
  }

  addWorld(script: readonly WorldStep[]): void {
    this.#scheduler.scheduleSequence(
      script.map((step) => ({ label: `${step.what} ${step.topic}`, builder: () => this.#happen(step) })),
    );
  }

  /** Lets everything happen. Then everybody reads what there is to read, and at last everybody goes. */
  async play(): Promise<void> {
    await this.#settle();
    for (const client of this.#clients) await client.take({ what: "read" });
    await this.#settle();
    for (const client of this.#clients) client.model.finished();
    for (const client of this.#clients) await client.take({ what: "vanish" });
    await this.#settle();
    this.#stage.elapse();
  }

  [Symbol.dispose](): void {
    unsubscribe("fanfare:operation.started", this.#started);
  }

  /** One thing after the other, each with all that comes of it and needs nobody's leave. */
  async #settle(): Promise<void> {
    await this.#scheduler.waitIdle(async (happening) => {
      await happening();
      await new Promise((resolve) => setImmediate(resolve));
      for (const client of this.#clients) client.model.settled();
    });
  }

  async #happen({ what, topic }: WorldStep): Promise<void> {
    this.#published += 1;
    const n = this.#published;
    for (const { model } of this.#clients) {
      if (what === "drain") model.ends(1012);
      else if (what === "end") model.ended(topic);
      else model.published(topic, n, fails(n));
    }
    if (what === "drain") this.#stage.drain();
    else await (what === "end" ? this.#stage.end(topic) : this.#stage.publish(topic, n));
  }

  #open(): InterleavingStage {
    const gate = this.#gate;
    return new InterleavingStage({
      gate,
      hooks: {
        onConnect: async ({ refused }, { id }) => {
          await gate("onConnect");
          this.#of(id).model.decided(refused !== true);
          return refused !== true;
        },
        onSubscribe: async ({ extensions }) => {
          const run = Number(extensions?.["run"]);
          await gate(`onSubscribe ${run}`);
          this.#ofRun(run).model.admitted(run);
          if (extensions?.["refused"]) throw new GraphQLError("refused", { extensions: { code: "REFUSED" } });
        },
        onUnsubscribe: ({ id }, { id: session }) => void this.#of(session).unsubscribed.push(id),
        onDisconnect: ({ id }) => void this.#of(id).disconnected++,
      },
      onContext: async (run) => {
        await gate(`context ${String(run)}`);
        this.#ofRun(run).model.begun(Number(run));
      },
      onHeld: async (run) => {
        await gate(`held ${String(run)}`);
        this.#ofRun(run).model.answered(Number(run));
      },
    });
  }

  readonly #started = (message: unknown): void => {
    if (isStart(message) && message.kind === "subscription") this.#of(message.session).live(message.operation);
  };

  #ofRun(run: unknown): InterleavingClient {
    return this.#of(String(Math.floor(Number(run) / 1_000)));
  }

  #of(session: string): InterleavingClient {
    const client = this.#clients[Number(session) - 1];
    if (!client) throw new RangeError(`No session ${session}`);
    return client;
  }
}

interface Start {
  readonly session: string;
  readonly operation: string;
  readonly kind: string;
}

function isStart(message: unknown): message is Start {
  return typeof message === "object" && message !== null && "session" in message && "operation" in message;
}
