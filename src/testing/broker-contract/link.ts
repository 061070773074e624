import type { Chapter } from "./case.ts";

export const link: Chapter = {
  name: "link",
  cases: [
    {
      name: "loses no event while its link is cut, not even on a topic that is idle afterwards",
      supports: ["history", "acrossProcesses"],
      needs: ["breakLink"],
      async run(stage) {
        const [listener, publisher] = [await stage.station(), await stage.station()];
        const [busy, quiet] = [stage.topic("busy"), stage.topic("quiet")];
        const before = [stage.event(busy), stage.event(quiet)];
        await listener.subscribe(busy, quiet);
        await publisher.publish(...before);
        await stage.until(() => listener.heard.length >= 2, "2 events");
        const heal = await stage.options.breakLink?.(listener.broker);
        const meanwhile = [stage.event(busy), stage.event(quiet), stage.event(busy)];
        await publisher.publish(...meanwhile);
        await heal?.();
        const after = stage.event(busy);
        await stage.until(() => listener.payloads(quiet).length >= 2, "the event of the quiet topic");
        await publisher.publish(after);
        const expected = [...before, ...meanwhile, after];
        for (const topic of [busy, quiet]) {
          const events = expected.filter((event) => event.topic === topic);
          await stage.heard(listener, topic, events);
        }
        stage.expect(listener.gaps).toEqual([]);
      },
    },
    {
      name: "reports when its link is down and when it is up again",
      supports: ["acrossProcesses"],
      needs: ["breakLink"],
      async run(stage) {
        const listener = await stage.station();
        const topic = stage.topic();
        await listener.subscribe(topic);
        const heal = await stage.options.breakLink?.(listener.broker);
        await stage.until(() => listener.links.includes(false), "word that the link is down");
        await heal?.();
        await stage.until(() => listener.links.at(-1) === true, "word that the link is up");
        const event = stage.event(topic);
        await (await stage.station()).publish(event);
        await stage.heard(listener, topic, [event]);
      },
    },
    {
      name: "gives true receipts for events that are published while its link is cut",
      supports: ["history", "acrossProcesses"],
      needs: ["breakLink"],
      async run(stage) {
        const [publisher, listener] = [await stage.station(), await stage.station()];
        const topic = stage.topic();
        const [start = ""] = await listener.subscribe(topic);
        const heal = await stage.options.breakLink?.(publisher.broker);
        const events = stage.events(topic, 10);
        const published = publisher.broker.publish(events);
        await heal?.();
        const receipts = await stage.within(published, "receipts");
        stage.expect(receipts.length).toBe(10);
        await stage.settle(listener, listener);
        const kept = new Set((await stage.replay(listener, topic, start, 100)).map(({ id }) => id));
        for (const [index, receipt] of receipts.entries()) {
          if ("unknown" in receipt) continue;
          stage.expect(kept.has(events[index]?.id ?? "")).toBe("stored" in receipt);
        }
      },
    },
  ],
};
