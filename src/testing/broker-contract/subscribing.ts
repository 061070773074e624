import type { Chapter } from "./case.ts";

export const subscribing: Chapter = {
  name: "subscribing",
  cases: [
    {
      name: "has the expected `supports`",
      async run(stage) {
        const { broker } = await stage.station();
        stage.expect(broker.supports).toEqual(stage.supports);
        stage.expect(broker.since !== undefined).toBe(stage.supports.history);
        stage.expect(broker.last !== undefined).toBe(stage.supports.history);
      },
    },
    {
      name: "delivers each event that is published after subscribe has resolved",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        for (let round = 0; round < 30; round += 1) {
          const topic = stage.topic(`round ${round}`);
          const event = stage.event(topic);
          await listener.subscribe(topic);
          await publisher.publish(event);
          await stage.heard(listener, topic, [event]);
        }
      },
    },
    {
      name: "gives the position of each topic, in the order of the call",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const topics = ["a", "b", "c"].map((name) => stage.topic(name));
        for (const topic of topics) await station.publish(stage.event(topic, "before"));
        const positions = await station.subscribe(...topics);
        stage.expect(positions.length).toBe(3);
        for (const [index, topic] of topics.entries()) {
          const event = stage.event(topic, "after");
          await station.publish(event);
          const replay = await stage.replay(station, topic, positions[index] ?? "", 10);
          stage.expect(replay.map(({ id }) => id)).toEqual([event.id]);
        }
      },
    },
    {
      name: "subscribes to many topics in one call",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        const events = Array.from({ length: 300 }, (_, index) => stage.event(stage.topic(`many ${index}`)));
        await listener.subscribe(...events.map((event) => event.topic));
        await publisher.publish(...events);
        for (const event of events) await stage.heard(listener, event.topic, [event]);
      },
    },
    {
      name: "delivers no event after unsubscribe has resolved",
      async run(stage) {
        const listener = await stage.station();
        const publisher = await stage.elsewhere(listener);
        const left = stage.topic("left");
        const kept = stage.topic("kept");
        await listener.subscribe(left, kept);
        await listener.unsubscribe(left);
        const event = stage.event(kept);
        await publisher.publish(stage.event(left), event, stage.event(left));
        await stage.heard(listener, kept, [event]);
        await stage.settle(publisher, listener);
        stage.expect(listener.payloads(left)).toEqual([]);
      },
    },
    {
      name: "can subscribe again after unsubscribe",
      async run(stage) {
        const station = await stage.station();
        const topic = stage.topic();
        const [first, missed, second] = [stage.event(topic), stage.event(topic), stage.event(topic)];
        await station.subscribe(topic);
        await station.publish(first);
        await stage.heard(station, topic, [first]);
        await station.unsubscribe(topic);
        await station.publish(missed);
        await station.subscribe(topic);
        await station.publish(second);
        await stage.heard(station, topic, [first, second]);
      },
    },
  ],
};
