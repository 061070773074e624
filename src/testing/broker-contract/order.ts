import type { Chapter } from "./case.ts";

const payloads: readonly unknown[] = [
  null,
  false,
  0,
  -1.5,
  1e21,
  "",
  'a "quoted" \\ line\n\u2028\u0000 \u00e9 \u{1f600}',
  [],
  {},
  { nested: [{ deep: [null, true, "x"] }], "": 0, constructor: "c" },
  "x".repeat(200_000),
];

export const order: Chapter = {
  name: "order",
  cases: [
    {
      name: "keeps the order within a call, and of calls of which each awaits the one before",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        const topic = stage.topic();
        const events = stage.events(topic, 120);
        await listener.subscribe(topic);
        for (let from = 0, size = 1; from < events.length; from += size, size += 1) {
          await publisher.publish(...events.slice(from, from + size));
        }
        await stage.heard(listener, topic, events);
      },
    },
    {
      name: "gives the position before each batch",
      async run(stage) {
        const station = await stage.station();
        const topics = [stage.topic("a"), stage.topic("b")];
        const [a = "", b = ""] = topics;
        await station.subscribe(a, b);
        const events = [a, a, b, a, b, b].map((topic) => stage.event(topic));
        await station.publish(...events);
        await station.publish(stage.event(b));
        await stage.until(() => station.heard.length >= 7, "7 events");
        stage.expect(station.repairs).toBe(0);
        stage.expect(new Set(station.heard.map(({ position }) => position)).size > 1).toBe(true);
      },
    },
    {
      name: "delivers events in the same order to every process, whichever publishes",
      supports: ["acrossProcesses"],
      async run(stage) {
        const [one, two, three] = [await stage.station(), await stage.station(), await stage.station()];
        const topic = stage.topic();
        const listeners = [one, two, three];
        for (const listener of listeners) await listener.subscribe(topic);
        const calls = [one, two].flatMap((publisher) =>
          stage.events(topic, 60).map((event) => publisher.publish(event)),
        );
        await Promise.all(calls);
        for (const listener of listeners) {
          await stage.until(() => listener.heard.length >= 120, "120 events");
          stage.expect(listener.payloads(topic).length).toBe(120);
        }
        stage.expect(two.heard.map(({ payload }) => payload)).toEqual(one.heard.map(({ payload }) => payload));
        stage.expect(three.heard.map(({ payload }) => payload)).toEqual(one.heard.map(({ payload }) => payload));
      },
    },
    {
      name: "carries any JSON payload unchanged",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        const topic = stage.topic();
        await listener.subscribe(topic);
        const events = payloads.map((payload) => stage.event(topic, payload));
        await publisher.publish(...events);
        await stage.heard(listener, topic, events);
        stage.expect(listener.heard.some(({ end }) => end === true)).toBe(false);
      },
    },
    {
      name: "carries ids and times",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        const topic = stage.topic();
        await listener.subscribe(topic);
        const events = stage.events(topic, 3);
        await publisher.publish(...events);
        await stage.heard(listener, topic, events);
        for (const [index, { id, time }] of events.entries()) {
          const event = listener.heard[index];
          stage.expect({ id: event?.id, time: event?.time }).toEqual({ id, time });
        }
      },
    },
    {
      name: "carries the end of a topic at its position",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        const topic = stage.topic();
        await listener.subscribe(topic);
        await publisher.publish(stage.event(topic, 1));
        await publisher.publish({ ...stage.event(topic), end: true });
        await publisher.publish(stage.event(topic, 2));
        await stage.until(() => listener.heard.length >= 3, "3 events");
        stage.expect(listener.heard.map(({ end }) => end === true)).toEqual([false, true, false]);
      },
    },
  ],
};
