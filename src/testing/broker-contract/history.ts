import type { Chapter } from "./case.ts";

export const history: Chapter = {
  name: "history",
  cases: [
    {
      name: "replays the events after each position",
      supports: ["history"],
      async run(stage) {
        const publisher = await stage.station();
        const reader = await stage.elsewhere(publisher);
        const topic = stage.topic();
        const events = stage.events(topic, 25);
        const [start = ""] = await publisher.subscribe(topic);
        const positions = [start, ...(await publisher.publish(...events))];
        for (const [index, after] of positions.entries()) {
          for (const limit of [1, 7, 25, 1000]) {
            const replay = await stage.replay(reader, topic, after, limit);
            stage.expect(replay.map(({ id }) => id)).toEqual(events.slice(index).map(({ id }) => id));
            stage.expect(replay.map(({ position }) => position)).toEqual(positions.slice(index + 1));
          }
        }
      },
    },
    {
      name: "replays events with their ids, times and payloads",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const topic = stage.topic();
        const [start = ""] = await station.subscribe(topic);
        const event = stage.event(topic, { a: [1, "\u00e9"] });
        await station.publish(event, { ...stage.event(topic), end: true });
        const [first, last] = await stage.replay(station, topic, start, 10);
        stage.expect({ topic, id: first?.id, time: first?.time, payload: first?.payload }).toEqual(event);
        stage.expect([first?.end === true, last?.end === true]).toEqual([false, true]);
      },
    },
    {
      name: "reports whether there is more history, and where it begins",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const { broker } = station;
        const topic = stage.topic();
        const [start = ""] = await station.subscribe(topic);
        await station.publish(...stage.events(topic, 3));
        const page = await broker.since?.(topic, start, 2);
        stage.expect(page && "more" in page && page.more).toBe(true);
        const whole = await broker.since?.(topic, start, 3);
        stage.expect(whole && "more" in whole && whole.more).toBe(false);
        const low = await broker.since?.(topic, whole?.low ?? "", 10);
        stage.expect(low && "events" in low && low.events.length).toBe(3);
      },
    },
    {
      name: "joins history and live events without a hole",
      supports: ["history"],
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        const topic = stage.topic();
        const [start = ""] = await publisher.publish(stage.event(topic));
        const events = stage.events(topic, 60);
        const early = events.slice(0, 30).map((event) => publisher.publish(event));
        const joining = listener.subscribe(topic);
        const late = events.slice(30).map((event) => publisher.publish(event));
        const [joined = ""] = await joining;
        await Promise.all([...early, ...late]);
        const replay = await stage.replay(listener, topic, start, 1000);
        stage.expect(replay.length).toBe(60);
        const places = [start, ...replay.map(({ position }) => position)];
        stage.expect(places.includes(joined)).toBe(true);
        await stage.heard(listener, topic, replay.slice(places.indexOf(joined)));
      },
    },
    {
      name: "gives the newest event of a topic",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const reader = await stage.elsewhere(station);
        const topic = stage.topic();
        stage.expect(await reader.broker.last?.(topic)).toBe(undefined);
        const events = stage.events(topic, 3);
        const positions = await station.publish(...events);
        const newest = { id: events[2]?.id, position: positions[2] };
        stage.expect(await reader.broker.last?.(topic)).toEqual(newest);
        await station.publish(...events.slice(0, 1));
        stage.expect(await reader.broker.last?.(topic)).toEqual(newest);
      },
    },
  ],
};
