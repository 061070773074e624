import * as fc from "fast-check";
import { expect, it } from "vitest";
import { memoryBroker } from "../../src/brokers/memory.ts";
import type { Broker, Event, Position } from "../../src/contract/broker.ts";
import { fakeClock } from "../../src/testing/fake-clock.ts";
import { NotingSink, event } from "./sink.ts";

const bounds = { events: 5, milliseconds: 1000 };
const names = ["a", "b", "*"] as const;

type Name = (typeof names)[number];
type Step =
  | { readonly do: "publish"; readonly events: readonly (readonly [Name, string])[] }
  | { readonly do: "subscribe" | "unsubscribe" | "last"; readonly topic: Name }
  | { readonly do: "since"; readonly topic: Name; readonly back: number; readonly limit: number }
  | { readonly do: "wait"; readonly milliseconds: number };

interface Kept {
  readonly id: string;
  readonly at: number;
  readonly position: Position;
}

/** The model of a topic: a plain list of all events ever stored, of which the first `gone` are dropped. */
class ModelTopic {
  readonly all: Kept[] = [];
  readonly places: Position[] = [];
  gone = 0;
  live = false;

  expire(now: number): void {
    const isOld = (kept: Kept | undefined) => kept !== undefined && kept.at < now - bounds.milliseconds;
    while (this.all.length - this.gone > bounds.events || isOld(this.all[this.gone])) this.gone += 1;
  }

  kept(id: string): Kept | undefined {
    return this.all.slice(this.gone).find((one) => one.id === id);
  }
}

const topic = fc.constantFrom(...names);
const id = fc.constantFrom("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("publish" as const),
        events: fc.array(fc.tuple(topic, id), { maxLength: 6 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom("subscribe" as const, "unsubscribe" as const, "last" as const),
        topic,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("since" as const),
        topic,
        back: fc.nat(12),
        limit: fc.integer({ min: 1, max: 7 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant("wait" as const), milliseconds: fc.nat(700) }),
    },
  ),
  { maxLength: 60 },
);

/** Makes the same calls on a broker and on the model, and records the results of both. */
class Comparison {
  readonly said: unknown[] = [];
  readonly expected: unknown[] = [];
  readonly #clock = fakeClock(1_000_000);
  readonly #broker: Broker = memoryBroker({ history: bounds, clock: this.#clock });
  readonly #sink = new NotingSink();
  readonly #model = new Map<Name, ModelTopic>(names.map((name) => [name, new ModelTopic()]));

  async run(todo: readonly Step[]): Promise<void> {
    await this.#broker.open(this.#sink, new AbortController().signal);
    for (const name of names) {
      const [start = ""] = await this.#broker.subscribe([name]);
      await this.#broker.unsubscribe([name]);
      this.#topic(name).places.push(start);
    }
    for (const step of todo) await this.#step(step);
    await this.#broker[Symbol.asyncDispose]();
    this.#compare(this.#clock.pending, 0);
  }

  async #step(step: Step): Promise<void> {
    if (step.do === "publish") return this.#publish(step.events);
    if (step.do === "wait") return this.#clock.advance(step.milliseconds);
    const model = this.#topic(step.topic);
    if (step.do === "since") return this.#since(step.topic, model, step.back, step.limit);
    if (step.do === "subscribe") {
      model.live = true;
      this.#compare(await this.#broker.subscribe([step.topic]), [model.places.at(-1)]);
    } else if (step.do === "unsubscribe") {
      model.live = false;
      await this.#broker.unsubscribe([step.topic]);
    } else {
      const newest = model.all.at(-1);
      const last = newest && { position: newest.position, id: newest.id };
      this.#compare(await this.#broker.last?.(step.topic), last);
    }
  }

  async #publish(events: readonly (readonly [Name, string])[]): Promise<void> {
    const before = this.#sink.batches.length;
    const receipts = await this.#broker.publish(events.map(([name, one]) => event(name, one)));
    const heard: { name: Name; id: string; position: Position; after: Position }[] = [];
    for (const [index, [name, one]] of events.entries()) {
      const model = this.#topic(name);
      const receipt = receipts[index];
      const position = receipt && "stored" in receipt ? receipt.stored : "";
      model.expire(this.#clock.now());
      const known = model.kept(one);
      if (known) {
        this.#compare(position, known.position);
        continue;
      }
      this.#compare(model.places.includes(position), false);
      if (model.live) heard.push({ name, id: one, position, after: model.places.at(-1) ?? "" });
      model.all.push({ id: one, at: this.#clock.now(), position });
      model.places.push(position);
      model.expire(this.#clock.now());
    }
    const came = this.#sink.batches.slice(before).flatMap(({ topic: name, after, events: batch }) =>
      batch.map((one: Event, index) => ({
        name,
        id: one.id,
        position: one.position,
        after: batch[index - 1]?.position ?? after,
      })),
    );
    this.#compare(came, heard);
  }

  async #since(name: Name, model: ModelTopic, back: number, limit: number): Promise<void> {
    model.expire(this.#clock.now());
    const index = Math.max(0, model.places.length - 1 - back);
    const replay = await this.#broker.since?.(name, model.places[index] ?? "", limit);
    const low = model.places[model.gone];
    if (index < model.gone) {
      this.#compare(replay, { gone: "expired", low });
      return;
    }
    const rest = model.all.slice(index);
    const ids = rest.slice(0, limit).map((kept) => [kept.id, kept.position]);
    const got = replay && "events" in replay && replay.events.map((one) => [one.id, one.position]);
    this.#compare(
      { got, low: replay?.low, more: replay && "more" in replay && replay.more },
      { got: ids, low, more: rest.length > limit },
    );
  }

  #topic(name: Name): ModelTopic {
    const found = this.#model.get(name);
    if (!found) throw new TypeError(`There is no topic ${name}`);
    return found;
  }

  #compare(said: unknown, expected: unknown): void {
    this.said.push(said);
    this.expected.push(expected);
  }
}

it("The memory broker behaves like a plain list of all events, within its bounds", async () => {
  const check = fc.asyncProperty(steps, async (todo) => {
    const comparison = new Comparison();
    await comparison.run(todo);
    expect(comparison.said).toEqual(comparison.expected);
  });
  await fc.assert(check, { numRuns: 400 });
});
