import type { Chapter } from "./case.ts";

export const loss: Chapter = {
  name: "loss",
  cases: [
    {
      name: "reports a gap after a position that it never gave",
      supports: ["history"],
      async run(stage) {
        const station = await stage.station();
        const [topic, other] = [stage.topic("a"), stage.topic("b")];
        const [position = ""] = await station.publish(stage.event(topic));
        await station.publish(...stage.events(other, 3));
        const made = [
          "",
          "0",
          ".",
          "..",
          "a.b.c",
          "-1.-1.-1",
          "\u0000",
          "x".repeat(10_000),
          `${position}0`,
          ` ${position}`,
        ];
        for (const wrong of made) {
          const gone = await stage.gone(station, topic, wrong);
          stage.expect({ wrong, gone: gone !== undefined }).toEqual({ wrong, gone: true });
        }
        stage.expect((await stage.gone(station, other, position)) !== undefined).toBe(true);
      },
    },
    {
      name: "reports dropped events as `expired`",
      supports: ["history"],
      needs: ["short"],
      async run(stage) {
        const { short } = stage.options;
        if (!short) return;
        const station = await stage.station(() => short.create());
        const topic = stage.topic();
        const positions = await station.publish(stage.event(topic));
        const later = stage.events(topic, short.events);
        for (const event of later) await station.publish(event);
        stage.expect(await stage.gone(station, topic, positions[0] ?? "")).toBe("expired");
        const replay = await station.broker.since?.(topic, positions[0] ?? "", 10);
        const kept = await stage.replay(station, topic, replay?.low ?? "", 100);
        const ids = later.map(({ id }) => id);
        stage.expect(kept.map(({ id }) => id)).toEqual(ids.slice(ids.length - kept.length));
      },
    },
    {
      name: "reports a gap after a position of another server",
      supports: ["history", "oneProcess"],
      async run(stage) {
        const [before, after] = [await stage.station(), await stage.station()];
        const topic = stage.topic();
        const [start = ""] = await before.subscribe(topic);
        const [position = ""] = await before.publish(stage.event(topic));
        stage.expect(await stage.gone(after, topic, start)).toBe("broker_lost");
        await after.publish(stage.event(topic));
        stage.expect(await stage.gone(after, topic, position)).toBe("broker_lost");
      },
    },
    {
      name: "notices that the server lost a topic's history",
      supports: ["history"],
      needs: ["forget"],
      async run(stage) {
        const station = await stage.station();
        const topic = stage.topic();
        const [position = ""] = await station.publish(stage.event(topic));
        await stage.options.forget?.(topic);
        stage.expect((await stage.gone(station, topic, position)) !== undefined).toBe(true);
        await station.publish(...stage.events(topic, 3));
        stage.expect((await stage.gone(station, topic, position)) !== undefined).toBe(true);
      },
    },
    {
      name: "notices that the server lost the newest events and continued (fork)",
      supports: ["history"],
      needs: ["loseTail"],
      async run(stage) {
        const station = await stage.station();
        const topic = stage.topic();
        const positions = await station.publish(...stage.events(topic, 5));
        await stage.options.loseTail?.(topic, 2);
        stage.expect((await stage.gone(station, topic, positions[4] ?? "")) !== undefined).toBe(true);
        await station.publish(...stage.events(topic, 4));
        for (const lost of positions.slice(3)) {
          stage.expect((await stage.gone(station, topic, lost)) !== undefined).toBe(true);
        }
      },
    },
  ],
};
