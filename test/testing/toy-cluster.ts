import { FanfareError } from "../../src/base/error.ts";
import type {
  Broker,
  BrokerSink,
  Event,
  Fence,
  NewEvent,
  Position,
  Receipt,
  Replay,
  TopicName,
} from "../../src/contract/broker.ts";

/** A mistake that a broker's author can make; the contract has to find each of them. */
export type Bug =
  | "confirms too early"
  | "drops an event now and then"
  | "delivers twice"
  | "turns two events around"
  | "forgets the case of names"
  | "reads a star as a pattern"
  | "cuts long names"
  | "goes on after unsubscribe"
  | "goes on after the end"
  | "stores an id twice"
  | "gives wrong positions to batches"
  | "ignores the nonce"
  | "ignores the epoch"
  | "forgets without a word"
  | "hides that there is more"
  | "overlooks the limit"
  | "misses what came while the link was cut"
  | "does not say that the link is down"
  | "claims what it never stored"
  | "hangs when it is disposed twice"
  | "rejects after the end"
  | "leaves a publish without an answer"
  | "takes the end for an ordinary event"
  | "stamps its own time"
  | "shortens payloads"
  | "has no newest event"
  | "takes others down with it"
  | "ignores fences"
  | "has one fence for all";

interface Stream {
  epoch: number;
  first: number;
  readonly events: Event[];
}

/** A server for brokers in this process, which can lose its link and its data. */
export class ToyCluster {
  readonly bug: Bug | undefined;
  readonly keep: number;
  readonly streams = new Map<TopicName, Stream>();
  readonly clients = new Set<ToyBroker>();
  readonly tokens = new Map<string, number>();
  #epochs = 0;

  constructor(bug?: Bug, keep: number = Infinity) {
    this.bug = bug;
    this.keep = keep;
  }

  stream(topic: TopicName): Stream {
    const name = this.name(topic);
    let stream = this.streams.get(name);
    if (!stream) {
      this.#epochs += 1;
      stream = { epoch: this.#epochs, first: 1, events: [] };
      this.streams.set(name, stream);
    }
    return stream;
  }

  name(topic: TopicName): TopicName {
    if (this.bug === "forgets the case of names") return topic.toLowerCase();
    return this.bug === "cuts long names" ? topic.slice(0, 255) : topic;
  }

  forget(topic: TopicName): void {
    this.streams.delete(topic);
  }

  loseTail(topic: TopicName, count: number): void {
    this.stream(topic).events.splice(-count);
  }

  position(stream: Stream, offset: number): Position {
    const event = stream.events[offset - stream.first];
    return event?.position ?? `${stream.epoch}.${offset}.`;
  }
}

export class ToyBroker implements Broker {
  readonly supports = { history: true, acrossProcesses: true, durable: true };
  readonly #cluster: ToyCluster;
  readonly #topics = new Set<TopicName>();
  #sink: BrokerSink | undefined;
  #linked = true;
  #closed = false;
  #delivered = 0;
  /** Messages on the link, which arrive a little later. */
  readonly #wire: (() => void)[] = [];

  constructor(cluster: ToyCluster) {
    this.#cluster = cluster;
    cluster.clients.add(this);
  }

  async open(sink: BrokerSink): Promise<void> {
    this.#sink = sink;
  }

  /** Events that are on the link at the call come before the position. */
  async subscribe(topics: readonly TopicName[]): Promise<readonly Position[]> {
    const positions = topics.map((topic) => this.#low(topic).newest);
    const { promise: live, resolve } = Promise.withResolvers<void>();
    const listen = () => {
      for (const topic of topics) this.#topics.add(topic);
      resolve();
    };
    if (this.#cluster.bug === "confirms too early") setImmediate(listen);
    else this.#later(listen);
    if (this.#cluster.bug !== "confirms too early") await live;
    return positions;
  }

  async unsubscribe(topics: readonly TopicName[]): Promise<void> {
    if (this.#cluster.bug === "goes on after unsubscribe") return;
    for (const topic of topics) this.#topics.delete(topic);
  }

  async publish(events: readonly NewEvent[], fence?: Fence): Promise<readonly Receipt[]> {
    const { bug } = this.#cluster;
    if (fence && !this.#passes(fence)) return events.map(() => ({ notStored: new Error("fenced off") }));
    if (this.#closed) {
      if (bug === "rejects after the end") throw new Error("closed");
      return events.map(() => ({ notStored: new FanfareError("CLOSED", "closed") }));
    }
    if (bug === "leaves a publish without an answer") await new Promise(() => {});
    if (!this.#linked) {
      if (bug === "claims what it never stored") return events.map(() => ({ stored: "1.1.x" }));
      return events.map(() => ({ notStored: new Error("no link") }));
    }
    return events.map((event) => ({ stored: this.#store(event) }));
  }

  async since(topic: TopicName, after: Position, limit: number): Promise<Replay> {
    const { bug } = this.#cluster;
    const stream = this.#cluster.stream(topic);
    const { low } = this.#low(topic);
    const [epoch, digits, nonce] = after.split(".");
    const offset = Number(digits);
    if (epoch !== String(stream.epoch) && bug !== "ignores the epoch") return { gone: "broker_lost", low };
    if (offset < stream.first - 1) {
      if (bug !== "forgets without a word") return { gone: "expired", low };
    } else if (this.#cluster.position(stream, offset) !== after) {
      const ignored = bug === "ignores the nonce" || bug === "ignores the epoch";
      if (nonce === undefined || !ignored) return { gone: "fork", low };
    }
    const rest = stream.events.slice(Math.max(0, offset - stream.first + 1));
    const events = bug === "overlooks the limit" ? rest : rest.slice(0, limit);
    const more = bug !== "hides that there is more" && events.length < rest.length;
    return { events, low, more };
  }

  async last(topic: TopicName): Promise<{ position: Position; id: string } | undefined> {
    if (this.#cluster.bug === "has no newest event") return undefined;
    const newest = this.#cluster.stream(topic).events.at(-1);
    return newest && { position: newest.position, id: newest.id };
  }

  /** Cuts the link; the returned function restores it. */
  cut(): () => void {
    const { bug } = this.#cluster;
    this.#linked = false;
    if (bug !== "does not say that the link is down") this.#sink?.link(false);
    return () => {
      this.#linked = true;
      if (bug === "misses what came while the link was cut") return;
      this.#sink?.link(true);
    };
  }

  /** The server delivers an event that a client has published. */
  receive(topic: TopicName, after: Position, event: Event): void {
    const arrive = () => this.#arrive(topic, after, event);
    if (this.#cluster.bug !== "turns two events around") return this.#later(arrive);
    this.#wire.unshift(arrive);
    queueMicrotask(() => this.#wire.shift()?.());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { bug, clients } = this.#cluster;
    if (this.#closed && bug === "hangs when it is disposed twice") await new Promise(() => {});
    this.#closed = true;
    if (bug !== "goes on after the end") this.#topics.clear();
    if (bug === "takes others down with it") for (const client of clients) client.#topics.clear();
  }

  #passes({ scope, token }: Fence): boolean {
    const { bug, tokens } = this.#cluster;
    if (bug === "ignores fences") return true;
    const name = bug === "has one fence for all" ? "all" : scope;
    if (token < (tokens.get(name) ?? 0)) return false;
    tokens.set(name, token);
    return true;
  }

  #later(run: () => void): void {
    this.#wire.push(run);
    queueMicrotask(() => this.#wire.shift()?.());
  }

  #arrive(topic: TopicName, after: Position, event: Event): void {
    const { bug } = this.#cluster;
    if (!this.#linked) return;
    const names = bug === "reads a star as a pattern" && this.#topics.has("*") ? ["*", topic] : [topic];
    const wanted = [...this.#topics].filter((name) =>
      names.some((one) => this.#cluster.name(one) === this.#cluster.name(name)),
    );
    for (const name of wanted) {
      this.#delivered += 1;
      if (bug === "drops an event now and then" && this.#delivered % 20 === 0) continue;
      const given = bug === "gives wrong positions to batches" ? `${after}x` : after;
      const own = { ...event, topic: name };
      this.#sink?.events(name, given, [own]);
      if (bug === "delivers twice") this.#sink?.events(name, given, [own]);
    }
  }

  #store(event: NewEvent): Position {
    const { bug } = this.#cluster;
    const stream = this.#cluster.stream(event.topic);
    const known = stream.events.find(({ id }) => id === event.id);
    if (known && bug !== "stores an id twice") return known.position;
    const after = this.#low(event.topic).newest;
    const offset = stream.first + stream.events.length;
    const stored: Event = {
      ...change(event, bug),
      position: `${stream.epoch}.${offset}.${event.id}`,
    };
    stream.events.push(stored);
    while (stream.events.length > this.#cluster.keep) {
      stream.events.shift();
      stream.first += 1;
    }
    for (const client of this.#cluster.clients) client.receive(event.topic, after, stored);
    return stored.position;
  }

  #low(topic: TopicName): { low: Position; newest: Position } {
    const stream = this.#cluster.stream(topic);
    const start = `${stream.epoch}.${stream.first - 1}.`;
    return { low: start, newest: stream.events.at(-1)?.position ?? start };
  }
}

function change(event: NewEvent, bug: Bug | undefined): NewEvent {
  const { payload } = event;
  if (bug === "takes the end for an ordinary event") return { ...event, end: false };
  if (bug === "stamps its own time") return { ...event, time: 1 };
  if (bug === "shortens payloads" && typeof payload === "string")
    return { ...event, payload: payload.slice(0, 65_536) };
  return event;
}
