import type { Broker, Event, NewEvent, Position, TopicName } from "../../contract/broker.ts";
import { ContractStage } from "../contract-stage.ts";
import type { Runner } from "../runner.ts";
import type { BrokerContractOptions } from "./options.ts";
import { Station } from "./station.ts";

/** The fixture of a case: its own brokers, topics and events. */
export class Stage extends ContractStage implements AsyncDisposable {
  readonly options: BrokerContractOptions;
  readonly supports: Broker["supports"];
  readonly #run: string = crypto.randomUUID().slice(0, 8);
  readonly #stations: Station[] = [];
  #events = 0;

  constructor(options: BrokerContractOptions, runner: Runner) {
    super(runner, options.patience ?? 4000);
    this.options = options;
    this.supports = options.supports;
  }

  /** Opens a broker. */
  async station(create: () => Broker | Promise<Broker> = () => this.options.create()): Promise<Station> {
    const station = new Station(await create());
    this.#stations.push(station);
    await station.open();
    return station;
  }

  /** A broker of another process on the same server, if brokers cross processes; otherwise the same station. */
  async elsewhere(station: Station): Promise<Station> {
    return this.supports.acrossProcesses ? this.station() : station;
  }

  /** The name of a topic of this case alone. */
  topic(name: string = "topic"): TopicName {
    return `${name} ${this.#run}`;
  }

  /** An event with an id of this case alone. Its payload is its id by default. */
  event(topic: TopicName, payload?: unknown): NewEvent {
    this.#events += 1;
    const id = `${this.#run}-${this.#events}`;
    return {
      topic,
      id,
      time: 1_700_000_000_000 + this.#events,
      payload: payload === undefined ? id : payload,
    };
  }

  events(topic: TopicName, count: number): NewEvent[] {
    return Array.from({ length: count }, () => this.event(topic));
  }

  /** Waits until a station has got the expected number of a topic's events, and compares their payloads. */
  async heard(station: Station, topic: TopicName, expected: readonly NewEvent[]): Promise<void> {
    const heard = () => station.payloads(topic);
    await this.until(() => heard().length >= expected.length, `${expected.length} events of ${topic}`);
    this.expect(heard()).toEqual(expected.map(({ payload }) => payload));
  }

  /** Waits until a marker has arrived, so that earlier events have had the time to arrive where they must not. */
  async settle(from: Station, to: Station): Promise<void> {
    const topic = this.topic(`marker ${this.#events}`);
    await to.subscribe(topic);
    const marker = this.event(topic);
    await from.publish(marker);
    await this.heard(to, topic, [marker]);
    await to.unsubscribe(topic);
  }

  /** All events after a position, read in pages. */
  async replay(station: Station, topic: TopicName, after: Position, limit: number): Promise<Event[]> {
    const events: Event[] = [];
    for (let more = true; more;) {
      const page = await station.broker.since?.(topic, events.at(-1)?.position ?? after, limit);
      if (!page || "gone" in page) throw new Error(`${topic} after ${after}: ${page?.gone ?? "no history"}`);
      if (page.events.length > limit) throw new Error(`${page.events.length} events, the limit is ${limit}`);
      if (page.more && page.events.length === 0) throw new Error("an empty page that promises more");
      events.push(...page.events);
      more = page.more;
    }
    return events;
  }

  /** The reason of the gap after a position; undefined if there is none. */
  async gone(station: Station, topic: TopicName, after: Position): Promise<string | undefined> {
    const replay = await station.broker.since?.(topic, after, 1000);
    return replay && "gone" in replay ? replay.gone : undefined;
  }

  /** Closes the brokers, and fails if they have violated the contract in general. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = this.#stations.map((station) => station[Symbol.asyncDispose]());
    await this.within(Promise.all(ends), "the end of each broker");
    this.expect(this.#stations.flatMap((station) => station.faults)).toEqual([]);
  }
}
