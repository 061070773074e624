import type { Chapter } from "./case.ts";

export const publishing: Chapter = {
  name: "publishing",
  cases: [
    {
      name: "stores events before it is opened and without listeners",
      async run(stage) {
        const broker = await stage.options.create();
        const topic = stage.topic();
        const event = stage.event(topic);
        const [receipt] = await broker.publish([event]);
        stage.expect(receipt && "stored" in receipt).toBe(true);
        stage.expect((await broker.last?.(topic))?.id).toBe(stage.supports.history ? event.id : undefined);
        await broker[Symbol.asyncDispose]();
      },
    },
    {
      name: "gives one receipt per event, in order",
      async run(stage) {
        const station = await stage.station();
        const [a, b] = [stage.topic("a"), stage.topic("b")];
        stage.expect(await station.broker.publish([])).toEqual([]);
        const events = [a, b, b, a, a].map((topic) => stage.event(topic));
        const positions = await station.publish(...events);
        stage.expect(positions.map((position) => typeof position)).toEqual(events.map(() => "string"));
      },
    },
    {
      name: "gives in a receipt the position with which the event is delivered",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const topic = stage.topic();
        await station.subscribe(topic);
        const positions = await station.publish(...stage.events(topic, 5));
        await stage.until(() => station.heard.length >= 5, "5 events");
        stage.expect(station.heard.map(({ position }) => position)).toEqual(positions);
        stage.expect(new Set(positions).size).toBe(5);
      },
    },
    {
      name: "stores one event per id and topic (idempotency key)",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const other = await stage.elsewhere(station);
        const topic = stage.topic();
        const event = { ...stage.event(topic), payload: "first" };
        const next = stage.event(topic);
        const elsewhere = { ...stage.event(stage.topic("other")), id: event.id };
        const [start = ""] = await station.subscribe(topic);
        const [first, again, , apart] = await station.publish(event, { ...event, payload: "again" }, next, elsewhere);
        const [later] = await station.publish({ ...event, payload: "later" });
        const [remote] = await other.publish({ ...event, payload: "remote" });
        stage.expect([again, later, remote]).toEqual([first, first, first]);
        stage.expect(apart === first).toBe(false);
        await stage.settle(other, station);
        await stage.heard(station, topic, [event, next]);
        const replay = await stage.replay(station, topic, start, 10);
        stage.expect(replay.map(({ payload }) => payload)).toEqual(["first", next.id]);
      },
    },
    {
      name: "stores one event if the same id is published twice at once",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const other = await stage.elsewhere(station);
        const topic = stage.topic();
        const event = stage.event(topic);
        const [start = ""] = await station.subscribe(topic);
        const positions = await Promise.all([station.publish(event), other.publish(event), station.publish(event)]);
        stage.expect(new Set(positions.flat()).size).toBe(1);
        stage.expect((await stage.replay(station, topic, start, 10)).length).toBe(1);
      },
    },
  ],
};
